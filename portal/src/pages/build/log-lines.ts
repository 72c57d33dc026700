/** Lines that were read together. They are drawn once, and go together. */
export interface Block {
  readonly number: number;
  readonly lines: number;
  readonly text: string;
}

/** The end of a log, in blocks, so that what was drawn need not be drawn again. */
export interface LogLines {
  readonly blocks: readonly Block[];
  /** The line that has not ended yet. */
  readonly rest: string;
  /** The lines that are not kept any more. */
  readonly dropped: number;
}

export const noLines: LogLines = { blocks: [], rest: '', dropped: 0 };

/** The page holds no more lines than this: a browser that draws a hundred thousand does nothing else. */
const mostLines = 2_000;
const linesOfBlock = 200;
/** A line that is longer goes on in a line of its own. */
const longestLine = 4_000;

/** Appends what was printed since, and forgets the oldest. */
export function appended(before: LogLines, text: string): LogLines {
  const lines = (before.rest + text).split('\n');
  const rest = lines.pop() ?? '';
  // A line without an end is cut too, or it would grow for ever.
  const ofRest = rest.length > longestLine ? partsOf(rest) : [rest];
  const ended = [...lines.flatMap(partsOf), ...ofRest.slice(0, -1)];
  let number = (before.blocks.at(-1)?.number ?? 0) + 1;
  const blocks = [...before.blocks];
  for (let from = 0; from < ended.length; from += linesOfBlock) {
    const part = ended.slice(from, from + linesOfBlock);
    blocks.push({ number, lines: part.length, text: part.map((line) => `${line}\n`).join('') });
    number += 1;
  }
  return bounded({ blocks: joined(blocks), rest: ofRest.at(-1) ?? '', dropped: before.dropped });
}

/** Returns what a terminal would show of a line: a progress bar writes over itself. */
export function shown(line: string): string {
  const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf('\r') + 1);
}

function partsOf(line: string): string[] {
  const text = shown(line);
  const parts: string[] = [];
  for (let from = 0; from < text.length; from += longestLine) parts.push(text.slice(from, from + longestLine));
  return parts.length === 0 ? [''] : parts;
}

/** Joins small blocks: a log that grows by a line a second would have a block for each. */
function joined(blocks: readonly Block[]): Block[] {
  const all: Block[] = [];
  for (const block of blocks) {
    const last = all.at(-1);
    if (last !== undefined && last.lines + block.lines <= linesOfBlock)
      all[all.length - 1] = { number: last.number, lines: last.lines + block.lines, text: last.text + block.text };
    else all.push(block);
  }
  return all;
}

function bounded({ blocks, rest, dropped }: LogLines): LogLines {
  let lines = blocks.reduce((sum, block) => sum + block.lines, 0);
  let [first, gone] = [0, dropped];
  while (lines > mostLines) {
    const count = blocks[first]?.lines ?? 0;
    lines -= count;
    gone += count;
    first += 1;
  }
  return { blocks: blocks.slice(first), rest, dropped: gone };
}
