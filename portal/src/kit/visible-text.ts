/** A piece of a text from outside: as it is, or the name of a character that must not act. */
export type TextPart = { readonly text: string } | { readonly control: string };

/**
 * These characters are not seen, or change how others are seen: control characters, marks of direction (a name could be
 * read backwards), spaces without a width (two names could look the same), separators of lines, tags, selectors of
 * variants but for those of emoji, and halves of a pair. The command has the same ones in `cli/text/harmless.ts`.
 */
const ranges = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb`;
const acting = new RegExp(String.raw`(?!(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f])[${ranges}]`, 'gu');
/** Finds fast that there may be one. */
const suspect = /[^ -~\u00a1-\u00ac\u00ae-\u02ff]/;

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** So many names in one text are elements of their own: a log of nothing else would make a page of a million elements. */
const mostElements = 500;

interface Options {
  /** Keeps line ends and tabs. */
  readonly hasLines?: boolean;
}

/** Parts a text so that every character that acts is named instead. Line ends and tabs stay where lines are shown. */
export function visibleParts(text: string, { hasLines = false }: Options = {}): TextPart[] {
  if (!suspect.test(text)) return text === '' ? [] : [{ text }];
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(acting)) {
    const [character] = match;
    if (hasLines && isOfLines(text, match.index)) continue;
    if (parts.length >= 2 * mostElements) return [...parts, { text: named(text.slice(from), { hasLines }) }];
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ control: nameOf(character) });
    from = match.index + character.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

function isOfLines(text: string, at: number): boolean {
  return text[at] === '\n' || text[at] === '\t' || (text[at] === '\r' && text[at + 1] === '\n');
}

/** The same as one string, for places that hold no elements: titles, labels and the names of options. */
export function visibleText(text: string): string {
  return named(text, { hasLines: false });
}

/** The same, in which line ends and tabs stay. */
export function visibleLines(text: string): string {
  return named(text, { hasLines: true });
}

function named(text: string, { hasLines }: Required<Options>): string {
  if (!suspect.test(text)) return text;
  return text.replace(acting, (character, at: number) =>
    hasLines && isOfLines(text, at) ? character : `⟨${nameOf(character)}⟩`,
  );
}
