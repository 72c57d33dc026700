import type { Token } from './lexer.ts';
import { syntaxError, tokenize } from './lexer.ts';

/** Words that the query language keeps for itself: `c.order` is an error to the service, `c["order"]` is not. */
const RESERVED = new Set(
  (
    'AND ARRAY AS ASC BETWEEN BY DESC DISTINCT EXISTS FALSE FROM GROUP IN JOIN LIKE LIMIT NOT NULL OFFSET OR ORDER ' +
    'SELECT TOP TRUE UDF UNDEFINED VALUE WHERE'
  ).split(' '),
);

const END: Token = { kind: 'end', text: '', start: 0, end: 0 };

/** Reads the tokens of one query from left to right. Words are compared without regard to case. */
export class TokenCursor {
  readonly query: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(query: string) {
    this.query = query;
    this.#tokens = tokenize(query);
  }

  get current(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  advance(): Token {
    const token = this.current;
    this.#at += 1;
    return token;
  }

  isWord(word: string): boolean {
    return this.current.kind === 'name' && this.current.text.toUpperCase() === word;
  }

  isSymbol(symbol: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === symbol;
  }

  acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.#at += 1;
    return true;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#at += 1;
    return true;
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) throw this.unexpected();
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.unexpected();
  }

  /** A name that the user chose: an alias or a property. */
  expectIdentifier(): string {
    const { kind, text } = this.current;
    if (kind !== 'name' || RESERVED.has(text.toUpperCase())) throw this.unexpected();
    return this.advance().text;
  }

  isIdentifier(): boolean {
    return this.current.kind === 'name' && !RESERVED.has(this.current.text.toUpperCase());
  }

  expectEnd(): void {
    if (this.current.kind !== 'end') throw this.unexpected();
  }

  unexpected(): Error {
    return syntaxError(this.query, this.current);
  }

  /** The tokens after the word FROM: the alias must be known before the select list, which stands first, is read. */
  afterFrom(): readonly Token[] {
    const from = this.#tokens.findIndex(
      (token, at) => token.kind === 'name' && token.text.toUpperCase() === 'FROM' && this.#tokens[at - 1]?.text !== '.',
    );
    return from === -1 ? [] : this.#tokens.slice(from + 1);
  }
}
