/**
 * Characters that a terminal acts on, or that make text look like another one: control characters (escape sequences
 * begin with one), overrides of direction, separators of lines, halves of a pair, characters without a width, and
 * selectors of variants but for those of emoji. The portal has the same ones in `portal/src/kit/visible-text.ts`.
 */
const ranges = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb`;
const ofEmoji = String.raw`(?!(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f])`;
const acting = new RegExp(`${ofEmoji}[${ranges}]`, 'gu');
const actingInLines = new RegExp(`(?![\\n\\t])${ofEmoji}[${ranges}]`, 'gu');

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return String.raw`\n`;
  if (character === '\t') return String.raw`\t`;
  if (character === '\r') return String.raw`\r`;
  if (code < 0x100) return String.raw`\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? String.raw`\u{${code.toString(16)}}` : String.raw`\u${code.toString(16).padStart(4, '0')}`;
}

/** Returns text from outside as one line in which nothing acts on a terminal: those characters are shown escaped. */
export function harmless(text: string): string {
  return text.replace(acting, escaped);
}

/** Returns text of several lines, such as a log; its ends of lines and tabs stay. */
export function harmlessLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(actingInLines, escaped);
}

/**
 * Returns JSON in which the characters are escaped that JSON itself leaves as they are. Its value is the same for
 * whatever parses it.
 */
export function harmlessJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(actingInLines, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => String.raw`\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
