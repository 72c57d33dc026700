/** The characters of a text of somebody else that a reason repeats. */
const longestText = 200;

/**
 * Repeats in a reason what somebody else wrote: in quotes, cut, and with everything escaped that is not printable ASCII.
 * A reason becomes part of headers, logs and pages, where a line break or a mark that turns the direction of writing
 * would forge what stands around it.
 */
export function quoted(text: string): string {
  let shown = '';
  for (const char of text.slice(0, longestText + 1)) {
    const next = escapedChar(char);
    if (shown.length + next.length > longestText) return `"${shown}…"`;
    shown += next;
  }
  return `"${shown}"`;
}

function escapedChar(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`;
  if (/^[ -~]$/.test(char)) return char;
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
