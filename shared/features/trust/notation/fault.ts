/**
 * Thrown inside of this folder for whatever is wrong with a signature; `verifyNotation` makes its message the reason of
 * a refusal. The message is a whole sentence, and holds nothing of the envelope but what `escaped` returned.
 */
export class NotationFault extends Error {
  override readonly name = 'NotationFault';
}

/** Thrown where nothing is wrong with a signature but that nobody says whether its certificates are revoked. */
export class UnansweredFault extends NotationFault {}

/** The longest piece of an envelope that a reason repeats. */
const longestPiece = 200;

/**
 * Makes text of an envelope fit to be shown: control characters, and those that change the direction of writing, are
 * escaped, so that no reason breaks a line, a terminal or the words around it; and what is long is cut.
 */
export function escaped(text: string): string {
  const cut = text.slice(0, longestPiece);
  const plain = cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
  const isWhole = plain.length <= longestPiece && cut.length === text.length;
  return isWhole ? plain : `${plain.slice(0, longestPiece - 1)}…`;
}

/** Says a value of an envelope in a reason: text is escaped, of everything else only the kind is said. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${escaped(value)}"`;
  if (typeof value === 'number' || typeof value === 'bigint') return escaped(String(value));
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
