// These are the spaces of Go's unicode.IsSpace. JavaScript's \s also has U+FEFF and leaves out U+0085.
const spaces = new Set(
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** The spaces, fewer than those above, that part an instruction's words. */
const separators = /[\t\v\f\r ]+/;

export function isSpace(character: string): boolean {
  return spaces.has(character);
}

export function trimStart(text: string): string {
  let at = 0;
  while (at < text.length && isSpace(text.charAt(at))) at++;
  return text.slice(at);
}

/** Trims the end without a pattern: one for trailing spaces checks each run of spaces once per space. */
export function trimEnd(text: string, among: (character: string) => boolean = isSpace): string {
  let end = text.length;
  while (end > 0 && among(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function trim(text: string): string {
  return trimEnd(trimStart(text));
}

export function splitWords(text: string): string[] {
  return text.split(separators);
}

/** Cuts a text into its first word and the rest; the rest is undefined where there is no separator. */
export function cutWord(text: string): readonly [string, string | undefined] {
  const match = separators.exec(text);
  return match === null ? [text, undefined] : [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}

/** Cuts a text at the first separator, as Go's strings.Cut does. */
export function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
