/** A piece of a text from outside: as it is, or the name of a character that must not act. */
export type TextPart = { readonly text: string } | { readonly control: string };

/**
 * These characters are not seen, or change how others are seen: control characters, marks of direction (a name could be
 * read backwards), spaces without a width (two names could look the same), separators of lines, and tags.
 */
const acting = new RegExp(
  [
    String.raw`[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e]`,
    String.raw`[\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]`,
    String.raw`[\u{e0000}-\u{e0fff}]`,
  ].join('|'),
  'gu',
);

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Parts a text so that every character that acts is named instead. Line ends and tabs stay where lines are shown. */
export function visibleParts(text: string, { hasLines = false } = {}): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(acting)) {
    const [character] = match;
    if (hasLines && (character === '\n' || character === '\t')) continue;
    if (hasLines && character === '\r' && text[match.index + 1] === '\n') continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ control: nameOf(character) });
    from = match.index + character.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** The same as one string, for places that hold no elements: titles, labels and the names of options. */
export function visibleText(text: string): string {
  return visibleParts(text)
    .map((part) => ('text' in part ? part.text : `⟨${part.control}⟩`))
    .join('');
}
