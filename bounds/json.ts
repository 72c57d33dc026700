/**
 * The levels of objects and arrays allowed in JSON that comes from outside. Manifests and configs have five or so, a
 * builder's provenance some twenty. `JSON.parse` reads any number, and code that recurses over the value later
 * (`JSON.stringify`, a comparison) then overflows the stack.
 */
export const maxJsonDepth = 100;

/**
 * The members and elements allowed in the whole document. A manifest with 1,000 layers has some 10,000; 4 MiB of empty
 * arrays would be a million, and 100 MiB of memory.
 */
export const maxJsonValues = 200_000;

/**
 * Thrown for JSON that is nested too deep or has too many values. It is a `SyntaxError` as well, so that code that
 * ignores invalid JSON ignores this too.
 */
export class JsonOutOfBounds extends SyntaxError {
  override readonly name = 'JsonOutOfBounds';
  /** Says what is allowed. */
  readonly allowed: string;

  constructor(is: 'too deep' | 'too long') {
    super(
      is === 'too deep'
        ? `it is nested more than ${maxJsonDepth} levels deep`
        : `it has more than ${maxJsonValues} members and elements`,
    );
    this.allowed =
      is === 'too deep'
        ? `nested too deep: at most ${maxJsonDepth} levels of objects and arrays are allowed`
        : `too long: at most ${maxJsonValues} members and elements are allowed`;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Scans JSON as it arrives, each byte once, so that JSON that is out of bounds is refused before all of it has come and
 * before it is parsed. No byte of UTF-8 beyond ASCII equals one of ASCII.
 */
export class JsonBounds {
  #depth = 0;
  #values = 0;
  #strings = 0;
  #isInString = false;
  #isEscaped = false;

  /** Scans the next bytes. Throws `JsonOutOfBounds`. */
  add(bytes: Uint8Array): void {
    let [depth, values, strings, at] = [this.#depth, this.#values, this.#strings, 0];
    if (this.#isInString) at = this.#endOfString(bytes, 0);
    // Asking for the length each time takes three times as long, and an iterator ten times.
    const { length } = bytes;
    while (at < length) {
      const code = bytes[at];
      at += 1;
      if (code === quote) {
        strings += 1;
        at = this.#endOfString(bytes, at);
      } else if (code === comma) values += 1;
      else if (code === openBracket || code === openBrace) {
        depth += 1;
        values += 1;
        if (depth > maxJsonDepth) throw new JsonOutOfBounds('too deep');
      } else if (code === closeBracket || code === closeBrace) depth -= 1;
    }
    // Each member and element is at most two strings.
    if (values > maxJsonValues || strings > 2 * maxJsonValues) throw new JsonOutOfBounds('too long');
    [this.#depth, this.#values, this.#strings] = [depth, values, strings];
  }

  /**
   * Returns the place behind the string that goes on at `from`, and remembers whether the string goes on in the next
   * part.
   */
  #endOfString(bytes: Uint8Array, from: number): number {
    let at = this.#isEscaped ? from + 1 : from;
    // The native search is a hundred times as fast; a string with an escaped quote is read byte by byte.
    const found = bytes.indexOf(quote, at);
    if (found !== -1 && (found === at || bytes[found - 1] !== backslash)) {
      this.#isInString = this.#isEscaped = false;
      return found + 1;
    }
    const { length } = bytes;
    while (at < length) {
      const code = bytes[at];
      at += 1;
      if (code === quote) {
        this.#isInString = this.#isEscaped = false;
        return at;
      }
      if (code === backslash) at += 1;
    }
    this.#isInString = true;
    this.#isEscaped = at > length;
    return length;
  }
}

/** Parses JSON. Throws `SyntaxError` for a text that is not JSON, and `JsonOutOfBounds`. */
export function parseJson(json: string | Uint8Array): unknown {
  const bytes =
    typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  if (bytes.length > maxJsonDepth) new JsonBounds().add(bytes);
  return JSON.parse(typeof json === 'string' ? json : bytes.toString('utf8'));
}

/** Parses JSON; `undefined` for a text that is not JSON, or out of bounds. */
export function jsonIn(json: string | Uint8Array): unknown {
  try {
    return parseJson(json);
  } catch {
    return undefined;
  }
}
