import { parseJson } from '../../../core/oci/json.ts';
import { NotationFault } from './fault.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON that was signed. A name that an object has twice is refused: of the two, one reader takes the first and
 * another the last, so that the same signature would say two things. So is what is no UTF-8.
 */
export function strictJson(bytes: Uint8Array, named: string): unknown {
  try {
    const text = utf8.decode(bytes);
    const value = parseJson(text);
    if (hasDuplicates(text)) throw new NotationFault(`${named} has a name twice in one object.`);
    return value;
  } catch (error) {
    if (error instanceof NotationFault) throw error;
    throw new NotationFault(`${named} is no JSON that is allowed here.`);
  }
}

/** Walks over JSON that is known to be valid, each character once. */
function hasDuplicates(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (isName && names !== undefined) {
        const name = JSON.parse(text.slice(at, end)) as string;
        if (names.has(name)) return true;
        names.add(name);
      }
      at = end - 1;
    } else if (character !== ',') {
      if (character === ':') isName = false;
      continue;
    }
    isName = (character === '{' || character === ',') && open.at(-1) !== undefined;
  }
  return false;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Says whether a value is an object of JSON. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
