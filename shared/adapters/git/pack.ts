import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { InputType, ZlibOptions } from 'node:zlib';
import { inflate, inflateSync } from 'node:zlib';
import { readDelta } from './delta.ts';
import { GitFault } from './fault.ts';

export interface PackLimits {
  readonly objects: number;
  /** The bytes of one object unpacked, a delta and what it makes. */
  readonly objectBytes: number;
  /** The bytes of all objects together. */
  readonly bytes: number;
}

export const packLimits: PackLimits = { objects: 250_000, objectBytes: 64 * 1024 ** 2, bytes: 512 * 1024 ** 2 };

const [ofsDelta, refDelta] = [6, 7];
const trailerBytes = 20;
/** Objects below this size are inflated here: going to another thread would cost more. */
const inflatedHere = 64 * 1024;

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

const inflateThere = promisify(
  inflate as (bytes: InputType, options: ZlibOptions, done: (error: Error | null, result: unknown) => void) => void,
) as unknown as (bytes: InputType, options: ZlibOptions) => Promise<Inflated>;

/**
 * Walks a pack (gitformat-pack) before git's library unpacks it, which inflates each object in memory before it checks
 * its size, so that a pack of 1 MiB could take 4 GiB. No more is inflated than an object claims, and that is bounded.
 * Throws `GitFault`.
 */
export async function checkPack(pack: Uint8Array, limits: PackLimits = packLimits): Promise<void> {
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  const count = objectCount(bytes, limits);
  const end = bytes.length - trailerBytes;
  let [at, left] = [12, limits.bytes];
  for (let n = 0; n < count; n += 1) {
    if (n % 1_000 === 999) await setImmediate();
    const header = objectHeader(bytes, at, end);
    if (header.size > limits.objectBytes)
      throw new GitFault(
        `one file or folder of it has ${header.size} bytes, and at most ${limits.objectBytes} are allowed`,
      );
    const { buffer, engine } = await inflated(bytes.subarray(header.end, end), header.size);
    left -= header.size + (header.isDelta ? readDelta(buffer, limits.objectBytes).targetBytes : 0);
    if (left < 0) throw new GitFault(`it unpacks to more than ${limits.bytes} bytes`);
    at = header.end + engine.bytesWritten;
  }
  if (at !== end) throw damaged('bytes follow its last object');
}

const damaged = (what: string) => new GitFault(`its pack is damaged: ${what}`);

function objectCount(bytes: Buffer, limits: PackLimits): number {
  if (bytes.length < 12 + trailerBytes || bytes.toString('latin1', 0, 4) !== 'PACK' || bytes.readUInt32BE(4) !== 2)
    throw damaged('it does not begin as one of version 2');
  const count = bytes.readUInt32BE(8);
  if (count > limits.objects)
    throw new GitFault(`it has ${count} files and folders, and at most ${limits.objects} are allowed`);
  return count;
}

/** Reads an object's type, its size as inflated, and where its deflated bytes begin. */
function objectHeader(bytes: Buffer, start: number, end: number): { size: number; isDelta: boolean; end: number } {
  let at = start;
  const next = () => {
    if (at >= end) throw damaged('it ends within an object');
    return bytes.readUInt8(at++);
  };
  let byte = next();
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let factor = 16; byte >= 128; factor *= 128) {
    byte = next();
    size += (byte & 127) * factor;
    if (!Number.isSafeInteger(size)) throw damaged('an impossible size of an object');
  }
  if (type === 0 || type === 5) throw damaged(`an object of type ${type}`);
  if (type === ofsDelta) while (next() >= 128);
  return { size, isDelta: type === ofsDelta || type === refDelta, end: type === refDelta ? at + 20 : at };
}

/** Inflates an object, and stops as soon as more comes than it claims. */
async function inflated(bytes: Buffer, size: number): Promise<Inflated> {
  const options = { info: true, maxOutputLength: Math.max(size, 1) };
  try {
    const result =
      size <= inflatedHere ? (inflateSync(bytes, options) as unknown as Inflated) : await inflateThere(bytes, options);
    if (result.buffer.length === size) return result;
  } catch {
    // zlib's own message is about bytes, not about their object.
  }
  throw damaged('an object has another size than it says, or cannot be inflated');
}
