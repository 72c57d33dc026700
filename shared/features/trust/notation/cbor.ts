import { decode } from 'cbor2';
import { NotationFault } from './fault.ts';

/** A signature has some dozen items. A MiB of one-byte items would take the decoder half a second and 100 MiB. */
const maxItems = 1_000;

/**
 * Decodes CBOR that is exactly one item in its shortest encoding. Whatever a second reader could understand otherwise
 * is refused: duplicate keys (also those that are spelled in two ways), indefinite lengths, bytes behind the item.
 */
export function decodedCbor(bytes: Uint8Array, named: string): unknown {
  checkHeads(bytes, named);
  try {
    return decode(bytes, {
      rejectStreaming: true,
      rejectDuplicateKeys: true,
      rejectBigInts: true,
      rejectUndefined: true,
      preferMap: true,
      ignoreGlobalTags: true,
      maxDepth: 16,
    });
  } catch {
    throw new NotationFault(
      `${named} is no CBOR that is allowed here: it is cut off, followed by other bytes, nested too deep, or has a key twice.`,
    );
  }
}

/**
 * Reads the head of each item, and no further than the bound. It refuses heads that are longer than they need to be,
 * because the decoder compares keys by their bytes: the key 1 spelled in one byte and in two would be two keys to it.
 */
function checkHeads(bytes: Uint8Array, named: string): void {
  let at = 0;
  for (let items = 0; at < bytes.length; items++) {
    if (items >= maxItems) throw new NotationFault(`${named} is CBOR of more than ${maxItems} items.`);
    const first = bytes[at] ?? 0;
    const [major, info] = [first >> 5, first & 0x1f];
    if (info > 27) throw new NotationFault(`${named} is CBOR with an indefinite length.`);
    const width = info < 24 ? 0 : 1 << (info - 24);
    const value = width === 0 ? info : numberAt(bytes, at + 1, width);
    // Numbers with a fraction have heads of a fixed length.
    if (major !== 7 && width > 0 && value < (width === 1 ? 24 : 2 ** (4 * width)))
      throw new NotationFault(`${named} is CBOR with a number that is spelled longer than it must be.`);
    at += 1 + width + (major === 2 || major === 3 ? value : 0);
  }
}

function numberAt(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let at = from; at < from + width; at++) value = value * 256 + (bytes[at] ?? 0);
  return value;
}
