import type { Budget } from './budget.ts';
import { DockerfileFault } from './fault.ts';
import { expand } from './shell.ts';
import { trimStart } from './spaces.ts';

export interface Heredoc {
  /** The word that ends it, without its quotes. */
  readonly name: string;
  /** False where any part of the word was quoted. */
  readonly expand: boolean;
  /** True for `<<-`: tabs at the beginning of lines are removed. */
  readonly chomp: boolean;
  readonly content: string;
}

const nothing = new Map<string, string>();
const opening = /^\d*<<(-?)([^<]*)$/;

function quotesIn(text: string): number {
  return text.split(/['"]/).length;
}

/**
 * Reads a word of an instruction as the opening of a heredoc, whatever its file descriptor. @throws DockerfileFault
 * when its quotes do not close.
 */
export function heredocOf(word: string, budget: Budget): Heredoc | undefined {
  const match = opening.exec(word);
  const rest = trimStart(match?.[2] ?? '');
  if (rest === '') return undefined;
  const { words } = expand(rest, nothing, { escape: '\\', budget, keepUnset: true });
  const [name] = words;
  if (name === undefined || words.length !== 1) return undefined;
  const raw = expand(rest, nothing, { escape: '\\', budget, keepUnset: true, rawQuotes: true }).words;
  if (raw.length !== 1) throw new DockerfileFault(`internal lexing of heredoc produced inconsistent results: ${rest}`);
  return { name, expand: quotesIn(name) === quotesIn(raw[0] ?? ''), chomp: match?.[1] === '-', content: '' };
}

/** Says whether a word opens a heredoc; a faulty one opens none. */
export function isHeredoc(word: string, budget: Budget): boolean {
  try {
    return heredocOf(word, budget) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Returns the openings of heredocs in a logical line, in order. A line whose quotes do not close has none. @throws
 * DockerfileFault
 */
export function heredocsOf(line: string, budget: Budget): Heredoc[] {
  let words: readonly string[] = [];
  try {
    words = expand(line, nothing, { escape: '\\', budget, keepUnset: true, rawQuotes: true, rawEscapes: true }).words;
  } catch {
    return [];
  }
  return words.flatMap((word) => heredocOf(word, budget) ?? []);
}
