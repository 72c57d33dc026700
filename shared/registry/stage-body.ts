import { RegistryError } from '../oci/faults.ts';
import type { StageBlock } from '../ports/blobs.ts';
import type { BodyHash } from './body-hash.ts';

/**
 * One block of Blob Storage: with two in flight and one being filled an upload holds 15 MiB, and `maxBlocks` of them are 244 GiB.
 * In bytes.
 */
export const blockBytes = 5 * 1024 * 1024;
const blocksInFlight = 2;

/** Blob Storage keeps at most this many blocks a blob (https://learn.microsoft.com/azure/storage/blobs/scalability-targets). */
export const maxBlocks = 50_000;

/** The largest layer: what that many blocks hold. In bytes. */
export const maxBlobBytes = maxBlocks * blockBytes;

export function blockId(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(5, '0')}`;
}

/**
 * Streams a body into staged blocks as it arrives, in bounded memory. Returns what was staged. When the body breaks off, the store fails
 * or the upload, of which `offset` bytes came before, grows too large (`RegistryError`, `too-large`), it throws, and whole blocks that
 * arrived before stay staged.
 */
export async function stageBody(
  blobs: StageBlock,
  target: { readonly name: string; readonly prefix: string; readonly offset: number },
  body: AsyncIterable<Uint8Array>,
  hash: BodyHash | undefined,
): Promise<{ bytes: number; blocks: number }> {
  const window = stagingWindow();
  let bytes = 0;
  let blocks = 0;
  try {
    for await (const { buffer, filled } of inBlocks(body)) {
      const block = buffer.subarray(0, filled);
      bytes += filled;
      requireRoom(target.offset + bytes);
      hash?.update(block);
      const id = blockId(target.prefix, blocks++);
      await window.add(async () => {
        await blobs.stageBlock(target.name, id, block);
        giveBack(buffer);
      });
    }
  } finally {
    await window.settle();
  }
  window.check();
  return { bytes, blocks };
}

/** Throws `RegistryError` (`too-large`) when a blob of that many bytes has more blocks than one may have. */
export function requireRoom(bytes: number): void {
  if (bytes > maxBlobBytes) throw new RegistryError({ is: 'too-large', what: 'blob', limit: maxBlobBytes });
}

/** Starts up to `blocksInFlight` writes, then waits for one to end. A failed one stops the stream at the next block. */
function stagingWindow() {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const check = () => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    check,
    async add(write: () => Promise<void>) {
      check();
      const settled: Promise<void> = write()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(settled));
      running.add(settled);
      if (running.size >= blocksInFlight) await Promise.race(running);
    },
    settle: () => Promise.all(running),
  };
}

/**
 * The same few buffers over and over, whatever the upload: a fresh one is 1,280 pages that the kernel must clear, and waits for the garbage
 * collector. What more uploads at once have needed is let go.
 */
const spare: Uint8Array[] = [];
const sparesKept = blocksInFlight + 1;

function giveBack(buffer: Uint8Array): void {
  if (buffer.length === blockBytes && spare.length < sparesKept) spare.push(buffer);
}

/** What most of the small bodies fit in (configs, signatures): they need no buffer of a whole block. In bytes. */
const smallBytes = 64 * 1024;

/** Gathers what arrives into blocks of `blockBytes`, in spare buffers where there are any; the last block is shorter. An empty body gives none. */
async function* inBlocks(body: AsyncIterable<Uint8Array>): AsyncGenerator<{ buffer: Uint8Array; filled: number }> {
  let buffer: Uint8Array | undefined = Buffer.allocUnsafe(smallBytes);
  let filled = 0;
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length; ) {
      buffer = withRoom(buffer, filled, chunk.length - taken);
      const part = chunk.subarray(taken, taken + blockBytes - filled);
      buffer.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === blockBytes) {
        yield { buffer, filled };
        [buffer, filled] = [undefined, 0];
      }
    }
  }
  if (buffer !== undefined && filled > 0) yield { buffer, filled };
}

/** The same buffer where `more` bytes fit, or it is as large as a block; else one that is, with what was in it. */
function withRoom(buffer: Uint8Array | undefined, filled: number, more: number): Uint8Array {
  if (buffer !== undefined && (buffer.length === blockBytes || filled + more <= buffer.length)) return buffer;
  const whole = spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  if (buffer !== undefined) whole.set(buffer.subarray(0, filled));
  return whole;
}
