/** The scripts whose letters take two columns (Unicode Standard Annex 11). */
const wide = new RegExp(
  String.raw`^[\p{Emoji_Presentation}\u1100-\u115e\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3` +
    String.raw`\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]`,
  'u',
);
const marks = /^[\p{Mn}\p{Me}]+$/u;
const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });
const plain = /^[ -~]*$/;

function widthOfLetter(letter: string): number {
  if (marks.test(letter)) return 0;
  return wide.test(letter) ? 2 : 1;
}

/** Returns the columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  return [...letters.segment(text)].reduce((sum, { segment }) => sum + widthOfLetter(segment), 0);
}

/** Returns the text with spaces behind it, or with `isNumber` before it, up to a width. */
export function padded(text: string, width: number, isNumber: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isNumber ? space + text : text + space;
}

/** Returns the text cut to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let [kept, used] = ['', 0];
  for (const { segment } of letters.segment(text)) {
    const next = used + widthOfLetter(segment);
    if (next > width - 1) break;
    [kept, used] = [kept + segment, next];
  }
  return `${kept}…`;
}
