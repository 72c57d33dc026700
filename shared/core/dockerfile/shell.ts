import { type Budget, MAX_NESTING } from './budget.ts';
import { DockerfileFault } from './fault.ts';
import { replaced, withoutPrefix, withoutSuffix } from './glob.ts';
import { isSpace } from './spaces.ts';

/** Variables by name: a Map, for one. */
export interface Variables {
  get(name: string): string | undefined;
}

export interface Lexing {
  readonly escape: string;
  readonly budget: Budget;
  /** Keeps quotes in what is read. */
  readonly rawQuotes?: boolean;
  readonly rawEscapes?: boolean;
  /** Reads quotes as characters like others, as in the contents of a heredoc. */
  readonly plainQuotes?: boolean;
  /** Leaves `$x` as it stands where x has no value. */
  readonly keepUnset?: boolean;
}

interface Expanded {
  readonly text: string;
  /** The text in words, parted by spaces outside of quotes, after the substitution. */
  readonly words: readonly string[];
  /** Names that were asked for and had no value. */
  readonly unset: readonly string[];
}

const letter = /\p{L}/u;
const digit = /\p{Nd}/u;
const specialParameters = '@*#?-$!0';
const end = '';

/**
 * Collects words. The text of the open word lies in the lexer, shared by all levels, so that a nested level drops what
 * an outer one had, as it does in BuildKit.
 */
class Words {
  readonly list: string[] = [];
  #open = false;
  readonly #buffer: { text: string };

  constructor(buffer: { text: string }) {
    this.#buffer = buffer;
  }

  add(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.addRaw(character);
      else if (this.#open && this.#buffer.text !== '') {
        this.flush();
        this.#open = false;
      }
    }
  }

  addRaw(text: string): void {
    this.#buffer.text += text;
    this.#open = true;
  }

  flush(): string[] {
    if (this.#buffer.text !== '') this.list.push(this.#buffer.text);
    this.#buffer.text = '';
    return this.list;
  }
}

class Lexer {
  readonly unset: string[] = [];
  readonly #source: string;
  readonly #variables: Variables;
  readonly #options: Lexing;
  readonly #buffer = { text: '' };
  #at = 0;
  #rawEscapes: boolean;
  #depth = 0;

  constructor(source: string, variables: Variables, options: Lexing) {
    this.#source = source;
    this.#variables = variables;
    this.#options = options;
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  #peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? end : String.fromCodePoint(code);
  }

  #next(): string {
    const character = this.#peek();
    this.#at += character.length;
    return character;
  }

  /** Reads up to `stop`, which is consumed, or to the end of the text where `stop` is `end`. */
  readUntil(stop: string, rawEscapes: boolean): { text: string; words: string[] } {
    if (++this.#depth > MAX_NESTING) throw new DockerfileFault(`substitutions are nested deeper than ${MAX_NESTING}`);
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    this.#buffer.text = '';
    const words = new Words(this.#buffer);
    let text = '';
    for (let character = this.#peek(); character !== end && character !== stop; character = this.#peek())
      text += this.#piece(character, words);
    if (stop !== end && this.#next() === end)
      throw new DockerfileFault(`unexpected end of statement while looking for matching ${stop}`);
    this.#rawEscapes = before;
    this.#depth--;
    return { text, words: words.flush() };
  }

  #piece(character: string, words: Words): string {
    if (character === '$') {
      const value = this.#dollar();
      words.add(value);
      return value;
    }
    const special =
      character === '<' ? this.#angle() : this.#options.plainQuotes === true ? undefined : this.#quoted(character);
    if (special !== undefined) {
      words.addRaw(special);
      return special;
    }
    this.#next();
    if (character !== this.#options.escape) {
      words.add(character);
      return character;
    }
    const kept = this.#rawEscapes ? character : '';
    const next = this.#next();
    if (kept + next !== '') words.addRaw(kept + next);
    return kept + next;
  }

  /** Reads `<<` and the spaces behind it as one piece: a heredoc's word may follow. */
  #angle(): string {
    this.#next();
    if (this.#peek() !== '<') return '<';
    this.#next();
    let spaces = '';
    while (['\t', '\r', ' '].includes(this.#peek())) spaces += this.#next();
    return `<<${spaces}`;
  }

  #quoted(quote: string): string | undefined {
    if (quote === '"') return this.#doubleQuoted();
    return quote === "'" ? this.#singleQuoted() : undefined;
  }

  #singleQuoted(): string {
    const close = this.#source.indexOf("'", this.#at + 1);
    if (close < 0) throw new DockerfileFault('unexpected end of statement while looking for matching single-quote');
    const inner = this.#source.slice(this.#at + 1, close);
    this.#at = close + 1;
    return this.#options.rawQuotes === true ? `'${inner}'` : inner;
  }

  #doubleQuoted(): string {
    const { escape, rawQuotes } = this.#options;
    this.#next();
    let text = '';
    for (let character = this.#peek(); character !== '"'; character = this.#peek()) {
      if (character === end)
        throw new DockerfileFault('unexpected end of statement while looking for matching double-quote');
      if (character === '$') {
        text += this.#dollar();
        continue;
      }
      this.#next();
      if (character !== escape) {
        text += character;
        continue;
      }
      const next = this.#peek();
      if (this.#rawEscapes) text += character;
      if (next === '"' || next === '$' || next === escape) text += this.#next();
      else if (next !== end) text += character;
    }
    this.#next();
    return rawQuotes === true ? `"${text}"` : text;
  }

  #valueOf(name: string): string | undefined {
    const value = this.#variables.get(name);
    if (value === undefined) this.unset.push(name);
    else this.#options.budget.spend(value.length);
    return value;
  }

  #name(): string {
    const first = this.#peek();
    // Digits come before special parameters: $10 is one name here, and $0 is both.
    if (!digit.test(first) && first !== end && specialParameters.includes(first)) return this.#next();
    const part = digit.test(first)
      ? (character: string) => digit.test(character)
      : (character: string) => character === '_' || letter.test(character) || digit.test(character);
    let name = '';
    while (part(this.#peek())) name += this.#next();
    return name;
  }

  #dollar(): string {
    this.#next();
    if (this.#peek() !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#valueOf(name) ?? (this.#options.keepUnset === true ? `$${name}` : ''));
    }
    this.#next();
    const first = this.#peek();
    if (first === end) throw new DockerfileFault("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new DockerfileFault('syntax error: bad substitution');
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') return this.#valueOf(name) ?? (this.#options.keepUnset === true ? `\${${name}}` : '');
    if (operator === '/') return this.#replacing(name);
    if (operator !== end && ':+-?#%'.includes(operator)) return this.#modified(name, operator);
    throw new DockerfileFault(`unsupported modifier (${operator === end ? '\ufffd' : operator}) in substitution`);
  }

  #operand(stop: string, rawEscapes: boolean, missing: string): string {
    try {
      return this.readUntil(stop, rawEscapes).text;
    } catch (error) {
      if (error instanceof DockerfileFault && this.#peek() === end)
        throw new DockerfileFault(`syntax error: missing ${missing}`);
      throw error;
    }
  }

  #modified(name: string, first: string): string {
    const emptyIsUnset = first === ':';
    const operator = emptyIsUnset ? this.#next() : first;
    const modifier = emptyIsUnset ? `:${operator}` : operator;
    const trims = operator === '#' || operator === '%';
    if (emptyIsUnset && trims) throw new DockerfileFault(`unsupported modifier (${modifier}) in substitution`);
    const word = this.#operand('}', trims, "'}'");
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${modifier}${word}}`;
    const absent = value === undefined || (emptyIsUnset && value === '');
    if (operator === '-') return absent ? word : value;
    if (operator === '+') return absent ? '' : word;
    if (operator === '?') {
      if (!absent) return value;
      throw new DockerfileFault(
        `${name}: ${word === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : word}`,
      );
    }
    if (trims) return this.#trimmed(operator, value ?? '', word);
    throw new DockerfileFault(`unsupported modifier (${modifier}) in substitution`);
  }

  #trimmed(operator: string, value: string, word: string): string {
    const greedy = word.startsWith(operator);
    const pattern = greedy ? word.slice(1) : word;
    return this.#matching(pattern, () =>
      (operator === '%' ? withoutSuffix : withoutPrefix)(value, pattern, greedy, this.#options.budget),
    );
  }

  #replacing(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#next();
    const pattern = this.#operand('/', true, "'/' in ${}");
    const replacement = this.#operand('}', true, "'}'");
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return this.#matching(pattern, () => replaced(value ?? '', pattern, replacement, all, this.#options.budget));
  }

  #matching(pattern: string, match: () => string): string {
    try {
      return match();
    } catch (error) {
      if (error instanceof DockerfileFault && error.message.startsWith('invalid escape'))
        throw new DockerfileFault(`invalid pattern (${pattern}) in substitution: ${error.message}`);
      throw error;
    }
  }
}

/**
 * Expands quotes, escapes and `$x`, `${x…}` of a word, as BuildKit's own small shell reads them. @throws
 * DockerfileFault
 */
export function expand(source: string, variables: Variables, options: Lexing): Expanded {
  options.budget.spend(source.length);
  const lexer = new Lexer(source, variables, options);
  try {
    return { ...lexer.readUntil(end, options.rawEscapes ?? false), unset: lexer.unset };
  } catch (error) {
    if (error instanceof DockerfileFault)
      throw new DockerfileFault(`failed to process ${JSON.stringify(source.slice(0, 1000))}: ${error.message}`);
    throw error;
  }
}
