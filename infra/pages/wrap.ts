const width = 120;

/**
 * Matches a word with what belongs to it: code and links are not broken, because readers search for them and click
 * them.
 */
const word = /(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g;
/** Matches words that would begin a list, a heading, a quotation or a table at the beginning of a line. */
const marker = /^(?:[-+*#>|=]|\d+[.)]$)/;
const listItem = /^(\s*(?:[-*+]|\d+[.)])\s+)(.*)$/;

interface Block {
  readonly first: string;
  readonly rest: string;
  readonly words: string[];
}

/** Wraps the prose of a page at 120 columns. Code, tables, headings and everything that is short enough stay. */
export function wrapPage(text: string): string {
  const out: string[] = [];
  let block: Block | undefined;
  let isCode = false;
  const flush = () => {
    if (block !== undefined) out.push(...linesOf(block));
    block = undefined;
  };
  for (const line of text.split('\n')) {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence) isCode = !isCode;
    const item = listItem.exec(line);
    if (
      isFence ||
      isCode ||
      (/^\s*$|^\s*\||^#|^\s*<|^ {4}/.test(line) && !(block !== undefined && /^ {4}\S/.test(line)))
    ) {
      flush();
      out.push(line);
    } else if (item !== null) {
      flush();
      block = { first: item[1] ?? '', rest: ' '.repeat((item[1] ?? '').length), words: wordsOf(item[2] ?? '') };
    } else if (block === undefined || line.startsWith('>') !== block.first.startsWith('>')) {
      flush();
      const prefix = /^(?:> ?|\s*)/.exec(line)?.[0] ?? '';
      block = { first: prefix, rest: prefix, words: wordsOf(line.slice(prefix.length)) };
    } else block.words.push(...wordsOf(line.replace(/^> ?/, '')));
  }
  flush();
  return out.join('\n');
}

function wordsOf(text: string): string[] {
  return text.match(word) ?? [];
}

function linesOf({ first, rest, words }: Block): string[] {
  const lines: string[][] = [[]];
  const lengthOf = (line: readonly string[], at: number) => (at === 0 ? first : rest).length + line.join(' ').length;
  for (const next of words) {
    const line = lines.at(-1) ?? [];
    if (line.length === 0 || lengthOf([...line, next], lines.length - 1) <= width) line.push(next);
    // A word that would look like a list moves down with the word before it.
    else lines.push(marker.test(next) && line.length > 1 ? [line.pop() ?? '', next] : [next]);
  }
  return lines.map((line, at) => (at === 0 ? first : rest) + line.join(' '));
}
