import { setImmediate } from 'node:timers/promises';
import { RegistryError } from '../../core/oci/faults.ts';
import type { StageBlock } from '../../core/ports/blobs.ts';
import { BlockBuffers } from './block-buffers.ts';
import type { BodyHash } from './body-hash.ts';
import { inBlocks } from './in-blocks.ts';

/**
 * One block of Blob Storage: with two in flight and one being filled an upload holds 15 MiB, and `maxBlocks` of them
 * are 244 GiB. In bytes.
 */
export const blockBytes = 5 * 1024 * 1024;
const blocksInFlight = 2;

/** 160 MiB: an upload that moves has three, and one that stops has none after some seconds. */
const buffers = new BlockBuffers({ size: blockBytes, most: 32 });
const pace = { patientMs: 15_000, wantedMs: 1_000 };

/**
 * Blob Storage keeps at most this many blocks a blob
 * (https://learn.microsoft.com/azure/storage/blobs/scalability-targets).
 */
export const maxBlocks = 50_000;

/** The largest layer: what that many blocks hold. In bytes. */
export const maxBlobBytes = maxBlocks * blockBytes;

export function blockId(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(5, '0')}`;
}

/**
 * Streams a body into staged blocks as it arrives, in bounded memory. Returns what was staged. When the body breaks
 * off, the store fails or the upload, of which `offset` bytes came before, grows too large (`RegistryError`,
 * `too-large`), it throws, and whole blocks that arrived before stay staged.
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
    for await (const { block, giveBack } of inBlocks(body, blockBytes, buffers, pace)) {
      let isGiven = false as boolean;
      try {
        bytes += block.length;
        requireRoom(target.offset + bytes);
        if (hash !== undefined) await hashInSlices(hash, block);
        const id = blockId(target.prefix, blocks++);
        await window.add(async () => {
          try {
            isGiven = true;
            await blobs.stageBlock(target.name, id, block);
            giveBack(true);
          } catch (error) {
            giveBack(false);
            throw error;
          }
        });
      } catch (error) {
        if (!isGiven) giveBack(true);
        throw error;
      }
    }
  } finally {
    await window.settle();
  }
  window.check();
  return { bytes, blocks };
}

/**
 * How much is hashed before others of this process go on: some hundredths of a second for a whole block would hold up
 * every pull. In bytes.
 */
const sliceBytes = 512 * 1024;

async function hashInSlices(hash: BodyHash, block: Uint8Array): Promise<void> {
  for (let at = 0; at < block.length; at += sliceBytes) {
    if (at > 0) await setImmediate();
    hash.update(block.subarray(at, at + sliceBytes));
  }
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
