import { z } from 'zod';
import { isRepositoryName } from '../../core/oci/name.ts';

declare const patternBrand: unique symbol;

/**
 * A repository's name, or the beginning of names and a star: `team/*` is all below `team/`, `*` is every repository.
 */
export type RepositoryPattern = string & { readonly [patternBrand]: true };

export const everyRepository = '*' as RepositoryPattern;

export function isRepositoryPattern(text: string): text is RepositoryPattern {
  if (!text.endsWith('*')) return isRepositoryName(text);
  const prefix = text.slice(0, -1);
  // A letter completes a prefix that ends in a separator: `team/` to `team/a`.
  return prefix === '' || isRepositoryName(prefix) || isRepositoryName(`${prefix}a`);
}

export function matchesPattern(pattern: RepositoryPattern, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

export const patternSchema = z.custom<RepositoryPattern>(
  (value) => typeof value === 'string' && isRepositoryPattern(value),
  'is not a repository name, nor the beginning of one with a * at its end',
);
