import type { StageBlock } from '../ports/blobs.ts';
import type { BodyHash } from './body-hash.ts';

/** One block of Blob Storage. With two in flight and one being filled, an upload holds 24 MiB. In bytes. */
export const blockBytes = 8 * 1024 * 1024;
const blocksInFlight = 2;

/** Blob Storage keeps at most this many blocks a blob. */
export const maxBlocks = 50_000;

export function blockId(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(5, '0')}`;
}

/**
 * Streams a body into staged blocks as it arrives, in bounded memory. Returns what was staged. When the body breaks off
 * or the store fails it throws, and whole blocks that arrived before stay staged.
 */
export async function stageBody(
  blobs: StageBlock,
  target: { readonly name: string; readonly prefix: string },
  body: AsyncIterable<Uint8Array>,
  hash: BodyHash | undefined,
): Promise<{ bytes: number; blocks: number }> {
  const window = stagingWindow();
  let bytes = 0;
  let blocks = 0;
  try {
    for await (const block of inBlocks(body)) {
      hash?.update(block);
      bytes += block.length;
      const id = blockId(target.prefix, blocks++);
      await window.add(() => blobs.stageBlock(target.name, id, block));
    }
  } finally {
    await window.settle();
  }
  window.check();
  return { bytes, blocks };
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

/** Gathers what arrives into blocks of `blockBytes`; the last one is shorter. An empty body gives none. */
async function* inBlocks(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length; ) {
      block ??= Buffer.allocUnsafeSlow(blockBytes);
      const part = chunk.subarray(taken, taken + blockBytes - filled);
      block.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === blockBytes) {
        yield block;
        [block, filled] = [undefined, 0];
      }
    }
  }
  if (block !== undefined) yield block.subarray(0, filled);
}
