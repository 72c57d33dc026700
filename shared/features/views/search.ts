import type { Predicate } from '../../core/ports/documents.ts';

/** A search of names. The store is asked for those that begin with `prefix`, and `matches` decides. */
export interface Search {
  readonly prefix: string;
  /** True if all that begins with `prefix` matches: then the index alone pages and counts. */
  readonly isPrefix: boolean;
  readonly matches: (name: string) => boolean;
}

/**
 * Reads a search of names: a beginning, or a pattern. No name here has anything that a star does not stand for.
 */
export function searchOf(search: string | undefined): Search {
  const text = search ?? '';
  const star = text.indexOf('*');
  const prefix = star === -1 ? text : text.slice(0, star);
  if (star === -1 || /^\*+$/.test(text.slice(star)))
    return { prefix, isPrefix: true, matches: (name) => name.startsWith(prefix) };
  return { prefix, isPrefix: false, matches: patternOf(text) };
}

/**
 * Stars stand for anything, so the parts between them match at their first places: a name is passed over once, however
 * many stars there are.
 */
function patternOf(text: string): (name: string) => boolean {
  const parts = text.split(/\*+/);
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    const end = name.length - last.length;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** Returns the condition that the store narrows a list of names with. */
export function beginning(path: string, { prefix }: Search): Predicate[] {
  return prefix === '' ? [] : [{ path, is: 'starts-with', value: prefix }];
}
