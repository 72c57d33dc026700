import type { Predicate } from '../../core/ports/documents.ts';
import { globMatcher } from '../../core/rules/pattern.ts';

/** A search of names. The store is asked for those that begin with `prefix`, and `matches` decides. */
export interface Search {
  readonly prefix: string;
  /** True if all that begins with `prefix` matches: then the index alone pages and counts. */
  readonly isPrefix: boolean;
  readonly matches: (name: string) => boolean;
}

/**
 * Reads a search of names: a beginning, or a pattern. No name here has anything that a star does not stand for, so one
 * star is two.
 */
export function searchOf(search: string | undefined): Search {
  const text = search ?? '';
  const star = text.indexOf('*');
  const prefix = star === -1 ? text : text.slice(0, star);
  if (star === -1 || /^\*+$/.test(text.slice(star)))
    return { prefix, isPrefix: true, matches: (name) => name.startsWith(prefix) };
  return { prefix, isPrefix: false, matches: globMatcher(text.replaceAll(/\*+/g, '**')) };
}

/** Returns the condition that the store narrows a list of names with. */
export function beginning(path: string, { prefix }: Search): Predicate[] {
  return prefix === '' ? [] : [{ path, is: 'starts-with', value: prefix }];
}
