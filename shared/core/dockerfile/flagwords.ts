import { cutWord, isSpace, trim } from './spaces.ts';

interface Split {
  readonly word: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

interface FlagWord {
  readonly word: string;
  /** True when quotes were read: empty quotes are a word too. */
  readonly quoted: boolean;
  readonly end: number;
}

/** Reads one word from `at` to the next space outside of quotes; quotes and escapes are removed. */
function flagWord(line: string, at: number, escape: string): FlagWord {
  let word = '';
  let quote = '';
  let quoted = false;
  let index = at;
  for (; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote === '' && isSpace(character)) break;
    if (quote === '' ? character === "'" || character === '"' : character === quote) {
      quote = quote === '' ? character : '';
      quoted = true;
    } else if (character === escape) {
      word += line.charAt(++index);
    } else {
      word += character;
    }
  }
  return { word, quoted, end: Math.min(index, line.length) };
}

/** Splits an instruction into its word, the `--flags` behind it, and the rest; a bare `--` ends the flags. */
export function splitInstruction(line: string, escape: string): Split {
  const [word, after] = cutWord(trim(line));
  if (after === undefined) return { word, flags: [], rest: '' };
  // BuildKit takes each byte of the flags for a character; what follows them is text again.
  const bytes = Buffer.from(after).toString('latin1');
  const restFrom = (start: number): string => trim(Buffer.from(bytes.slice(start), 'latin1').toString());
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < bytes.length && isSpace(bytes.charAt(at))) at++;
    if (!bytes.startsWith('--', at)) return { word, flags, rest: restFrom(at) };
    const flag = flagWord(bytes, at, escape);
    at = flag.end;
    if (flag.word === '--') return { word, flags, rest: restFrom(at) };
    if (flag.word !== '' || flag.quoted) flags.push(flag.word);
  }
}

/** Parts a text into words with their quotes and escapes still in them, as ARG, ENV and LABEL do before they expand. */
export function quotedWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (quote === '' && isSpace(character)) {
      if (word !== undefined && word !== '') words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (character === escape && quote !== "'") {
      if (at + 1 < characters.length) word += character + (characters[++at] ?? '');
      continue;
    }
    if (quote === '' && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = '';
    word += character;
  }
  if (word !== undefined && word !== '') words.push(word);
  return words;
}
