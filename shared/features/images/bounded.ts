/** The characters of one text that an answer repeats; a longer one ends in an ellipsis. */
const longestText = 4_096;

/**
 * Cuts a text that somebody else wrote. Nothing else about it changes: control characters and markup are data, and JSON
 * escapes what must be escaped.
 */
export function cutText(text: string, most = longestText): string {
  if (text.length <= most) return text;
  // Half of a surrogate pair would be no character.
  const last = text.charCodeAt(most - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}

/** A part of something that somebody else wrote, and whether it is not all of it. */
export interface Cut<T> {
  readonly kept: T;
  readonly isCut: boolean;
}

/** Keeps the first entries of a list. */
export function cutList<T>(all: readonly T[], most: number): Cut<T[]> {
  return { kept: all.slice(0, most), isCut: all.length > most };
}

/** Keeps the first entries of a record, and cuts its texts. A name of any spelling is one entry, `__proto__` too. */
export function cutRecord(all: Readonly<Record<string, string>>, most: number): Cut<Record<string, string>> {
  const entries = Object.entries(all);
  const kept = entries.slice(0, most).map(([name, value]) => [cutText(name, 500), cutText(value)] as const);
  const isCut =
    entries.length > most || entries.some(([name, value]) => name.length > 500 || value.length > longestText);
  return { kept: Object.fromEntries(kept), isCut };
}
