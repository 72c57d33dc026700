import { z } from 'zod';
import { isRepositoryName } from '../../core/oci/name.ts';
import { globMatches, isRepositoryGlob } from '../../core/rules/pattern.ts';

declare const patternBrand: unique symbol;

/**
 * A repository's name or a pattern of names, in the one language of patterns (core/rules/pattern.ts) but for one thing
 * that ACR fixes: a `*` at the end means what `**` means, so `team/*` and `team/**` are all below `team/`, and `*` is
 * every repository.
 */
export type RepositoryPattern = string & { readonly [patternBrand]: true };

export const everyRepository = '*' as RepositoryPattern;

/** Bounds what a match costs: it takes the name's length times the stars, for each rule, on every request. */
const maxStars = 4;

export function isRepositoryPattern(text: string): text is RepositoryPattern {
  const prefix = text.replace(/\*{1,2}$/, '');
  const starsInside = prefix.match(/\*+/g)?.length ?? 0;
  if (starsInside > maxStars) return false;
  // A prefix may have the length of a whole name, and one letter more would be too long for a name.
  return isRepositoryName(prefix.replaceAll('*', 'a')) || isRepositoryGlob(text);
}

export function matchesPattern(pattern: RepositoryPattern, name: string): boolean {
  // Names and prefixes are what most rules have, and matching them costs less than the general way.
  const star = pattern.indexOf('*');
  if (star === -1) return name === pattern;
  const isAtEnd = star === pattern.length - 1 || (star === pattern.length - 2 && pattern.endsWith('**'));
  if (isAtEnd) return name.startsWith(pattern.slice(0, star));
  return globMatches(pattern.endsWith('*') && !pattern.endsWith('**') ? `${pattern}*` : pattern, name);
}

export const patternSchema = z.custom<RepositoryPattern>(
  (value) => typeof value === 'string' && isRepositoryPattern(value),
  'is not a repository name, nor a pattern such as team/** or team/*/app: * stands for anything ' +
    `but a slash, ** for anything, and a * at the end for the same as **; at most ${maxStars} stars ` +
    'may stand before the end',
);
