import { GitFault } from './fault.ts';

/**
 * A delta may have so many steps. A copy or an insertion is an object in the library's memory, and one byte of a delta
 * can be one.
 */
const maxSteps = 500_000;

/**
 * Returns the bytes that a delta makes, by its own word and by its steps, which must agree (gitformat-pack, "Deltified
 * representation"). Throws `GitFault`, also if it makes more than `most` or in more steps than are allowed.
 */
export function readDelta(delta: Buffer, most: number): { readonly targetBytes: number } {
  const fault = () => new GitFault('its pack is damaged: a delta does not make the object that it declares');
  let at = 0;
  const next = () => {
    const byte = delta[at];
    if (byte === undefined) throw fault();
    at += 1;
    return byte;
  };
  sizeIn(next);
  const targetBytes = sizeIn(next);
  if (targetBytes > most)
    throw new GitFault(`one file or folder of it has ${targetBytes} bytes, and at most ${most} are allowed`);
  let made = 0;
  for (let steps = 0; at < delta.length; steps += 1) {
    if (steps > maxSteps) throw new GitFault(`one file or folder of it is packed in more than ${maxSteps} steps`);
    const step = next();
    const length = step >= 128 ? copied(step, next) : step;
    if (length === 0) throw fault();
    made += length;
    if (step < 128) at += step;
    if (made > targetBytes || at > delta.length) throw fault();
  }
  if (made !== targetBytes) throw fault();
  return { targetBytes };
}

function sizeIn(next: () => number): number {
  let [size, factor, byte] = [0, 1, 0];
  do {
    byte = next();
    size += (byte & 127) * factor;
    factor *= 128;
  } while (byte >= 128 && factor < 2 ** 53);
  return size;
}

/**
 * Reads a copy step. Four bits say which bytes of the offset follow, three which of the size; a size of 0 stands for 64
 * KiB.
 */
function copied(step: number, next: () => number): number {
  for (let bit = 1; bit <= 8; bit *= 2) if ((step & bit) !== 0) next();
  let [size, factor] = [0, 1];
  for (let bit = 16; bit <= 64; bit *= 2, factor *= 256) if ((step & bit) !== 0) size += next() * factor;
  return size === 0 ? 65_536 : size;
}
