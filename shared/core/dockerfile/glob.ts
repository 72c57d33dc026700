import type { Budget } from './budget.ts';
import { DockerfileFault } from './fault.ts';

const any = Symbol('*');
const one = Symbol('?');
type Token = string | typeof any | typeof one;

function escaped(character: string | undefined): Token {
  if (character === undefined || !'*?\\}/'.includes(character))
    throw new DockerfileFault(`invalid escape '\\${character ?? '\ufffd'}'`);
  return character;
}

/**
 * Reads a pattern into `*`, `?` and characters. A backslash escapes `\*`, `\?`, `\\`, and `\}` and `\/`, which the
 * substitution itself needs. @throws DockerfileFault
 */
function globTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '\\') tokens.push(escaped(characters[++at]));
    else tokens.push(character === '*' ? any : character === '?' ? one : character);
  }
  return tokens;
}

/**
 * Returns for each place of `text` where a match of the whole pattern ends that begins there, or -1: the longest when
 * greedy, else the shortest. Time is the product of both lengths; regular expressions, which backtrack here, need
 * powers of it.
 */
function matchEnds(tokens: readonly Token[], text: readonly string[], greedy: boolean, budget: Budget): Int32Array {
  budget.spend((tokens.length + 1) * (text.length + 1));
  const found = new Int32Array(text.length + 1);
  const better = (a: number, b: number): number => (a < 0 ? b : b < 0 ? a : greedy ? Math.max(a, b) : Math.min(a, b));
  let following = new Int32Array(tokens.length + 1).fill(-1);
  for (let at = text.length; at >= 0; at--) {
    const row = new Int32Array(tokens.length + 1);
    row[tokens.length] = at;
    const character = text[at];
    for (let index = tokens.length - 1; index >= 0; index--) {
      const token = tokens[index];
      const within = character !== undefined && character !== '\n';
      if (token === any) row[index] = better(row[index + 1] ?? -1, within ? (following[index] ?? -1) : -1);
      else row[index] = (token === one ? within : token === character) ? (following[index + 1] ?? -1) : -1;
    }
    found[at] = row[0] ?? -1;
    following = row;
  }
  return found;
}

/** Expands `${x#pattern}` and `${x##pattern}`. */
export function withoutPrefix(value: string, pattern: string, greedy: boolean, budget: Budget): string {
  const characters = Array.from(value);
  const end = matchEnds(globTokens(pattern), characters, greedy, budget)[0] ?? -1;
  return end < 0 ? value : characters.slice(end).join('');
}

/** Expands `${x%pattern}` and `${x%%pattern}`: prefixes, seen from the end. */
export function withoutSuffix(value: string, pattern: string, greedy: boolean, budget: Budget): string {
  const characters = Array.from(value).reverse();
  const end = matchEnds(globTokens(pattern).reverse(), characters, greedy, budget)[0] ?? -1;
  return end < 0 ? value : characters.slice(end).reverse().join('');
}

/** Expands `${x/pattern/replacement}` and, for all matches, `${x//pattern/replacement}`. */
export function replaced(value: string, pattern: string, replacement: string, all: boolean, budget: Budget): string {
  const characters = Array.from(value);
  const ends = matchEnds(globTokens(pattern), characters, true, budget);
  const parts: string[] = [];
  let at = 0;
  let last = -1;
  while (at <= characters.length) {
    const end = ends[at] ?? -1;
    // An empty match right behind a match does not count.
    if (end > at || (end === at && at !== last)) {
      budget.spend(replacement.length);
      parts.push(replacement);
      if (!all) return parts.join('') + characters.slice(end).join('');
    }
    if (end > at) at = last = end;
    else parts.push(characters[at++] ?? '');
  }
  return parts.join('');
}
