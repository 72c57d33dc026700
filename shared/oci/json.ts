/**
 * Levels of objects and arrays in JSON that comes from outside. Manifests and configs have five or so, a builder's provenance some twenty. `JSON.parse`
 * reads any number, and what recurses over the value later (`JSON.stringify`, a comparison) then ends with the stack.
 */
export const maxJsonDepth = 100;

/** Thrown where JSON is nested too deep. It is a `SyntaxError` as well: who takes what is no JSON for nothing does so with this. */
export class JsonTooDeep extends SyntaxError {
  override readonly name = 'JsonTooDeep';

  constructor() {
    super(`it is nested more than ${maxJsonDepth} levels deep`);
  }
}

/** Throws `SyntaxError` for what is no JSON, and `JsonTooDeep`. */
export function parseJson(json: string | Uint8Array): unknown {
  const text = typeof json === 'string' ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
  if (isTooDeep(text)) throw new JsonTooDeep();
  return JSON.parse(text);
}

/** `undefined` for what is no JSON, or nested too deep. */
export function jsonIn(json: string | Uint8Array): unknown {
  try {
    return parseJson(json);
  } catch {
    return undefined;
  }
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Before it is parsed: a value of millions of levels costs hundreds of megabytes. Each character is looked at once. */
function isTooDeep(text: string): boolean {
  if (text.length <= maxJsonDepth) return false;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) isInString = !isInString;
    else if (isInString) at += code === backslash ? 1 : 0;
    else if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) depth -= 1;
    if (depth > maxJsonDepth) return true;
  }
  return false;
}
