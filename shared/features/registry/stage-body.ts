import { setImmediate } from 'node:timers/promises';
import { RegistryError } from '../../core/oci/faults.ts';
import type { StageBlock } from '../../core/ports/blobs.ts';
import { BlockBuffers } from './block-buffers.ts';
import type { BodyHash } from './body-hash.ts';
import { inBlocks } from './in-blocks.ts';

/**
 * The bytes of one block of Blob Storage. With two in flight and one being filled an upload holds 15 MiB, and
 * `maxBlocks` of them are 244 GiB.
 */
export const blockBytes = 5 * 1024 * 1024;
const blocksInFlight = 2;

/** The buffers are 160 MiB: an upload in progress has three, and one that stops has none after some seconds. */
const buffers = new BlockBuffers({ size: blockBytes, most: 32 });
const pace = { patientMs: 15_000, wantedMs: 1_000 };

/** The most blocks of a blob in Blob Storage (https://learn.microsoft.com/azure/storage/blobs/scalability-targets). */
export const maxBlocks = 50_000;

/** The bytes of the largest layer, which is that many blocks. */
export const maxBlobBytes = maxBlocks * blockBytes;

export function blockId(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(5, '0')}`;
}

/**
 * Streams a body into staged blocks as it arrives, in bounded memory, and returns what was staged. If the body breaks
 * off, the store fails or the upload, of which `offset` bytes are stored already, grows too large (`RegistryError`,
 * `too-large`), it throws, and the whole blocks that arrived before stay staged.
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
    await window.allWritten();
  }
  window.check();
  return { bytes, blocks };
}

/**
 * The bytes that are hashed before other work of this process goes on: a whole block takes some hundredths of a second,
 * which would delay every pull.
 */
const sliceBytes = 512 * 1024;

async function hashInSlices(hash: BodyHash, block: Uint8Array): Promise<void> {
  for (let at = 0; at < block.length; at += sliceBytes) {
    if (at > 0) await setImmediate();
    hash.update(block.subarray(at, at + sliceBytes));
  }
}

/** Throws `RegistryError` (`too-large`) if a blob of that many bytes has more blocks than one may have. */
export function requireRoom(bytes: number): void {
  if (bytes > maxBlobBytes) throw new RegistryError({ is: 'too-large', what: 'blob', limit: maxBlobBytes });
}

/**
 * Makes a window that starts up to `blocksInFlight` writes, then waits for one to end. A failed one stops the stream at
 * the next block.
 */
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
      const written: Promise<void> = write()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(written));
      running.add(written);
      if (running.size >= blocksInFlight) await Promise.race(running);
    },
    allWritten: () => Promise.all(running),
  };
}
