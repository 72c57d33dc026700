import pLimit from 'p-limit';
import type { Blobs } from '../../core/ports/blobs.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Pace } from './pace.ts';

export interface BlocksToCopy {
  readonly name: string;
  /** The size of the blob, in bytes. */
  readonly size: number;
  readonly blockBytes: number;
  /** The URL at which a client without credentials reads the source. */
  readonly source: string;
  readonly bytesPerSecond: number | undefined;
}

interface Block {
  readonly id: string;
  readonly offset: number;
  readonly length: number;
}

const blocksAtOnce = 4;
/** Blob Storage's limit: a larger blob has larger blocks. */
const maxBlocks = 50_000;

export function blocksOf({ size, blockBytes }: Pick<BlocksToCopy, 'size' | 'blockBytes'>): Block[] {
  const each = Math.max(blockBytes, Math.ceil(size / maxBlocks));
  return Array.from({ length: Math.ceil(size / each) }, (_, at) => ({
    id: String(at).padStart(6, '0'),
    offset: at * each,
    length: Math.min(each, size - at * each),
  }));
}

/**
 * Has the store fetch each block that is not `staged` yet, several at a time. A block of another length than it should
 * have counts as missing. `done` is called after each. Returns `unreadable` when the source is gone. Throws
 * `StoreFailure`; staged blocks stay.
 */
export async function stageMissing(
  blobs: Blobs,
  copy: BlocksToCopy,
  staged: ReadonlyMap<string, number>,
  pace: Pace,
  done: (bytes: number) => Promise<void>,
): Promise<'staged' | 'unreadable'> {
  const missing = blocksOf(copy).filter(({ id, length }) => staged.get(id) !== length);
  const limit = pLimit(blocksAtOnce);
  const source = { isGone: false };
  const results = await Promise.allSettled(
    missing.map(({ id, offset, length }) =>
      limit(async () => {
        if (source.isGone) return;
        await pace.take(length, copy.bytesPerSecond);
        const outcome = await blobs.stageBlockFrom(copy.name, id, copy.source, { offset, length });
        if (outcome === 'unreadable') source.isGone = true;
        else await done(length);
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined)
    throw failed.reason instanceof Error
      ? failed.reason
      : new StoreFailure({ dependency: 'blobs', kind: 'unavailable', message: 'a block cannot be copied' });
  return source.isGone ? 'unreadable' : 'staged';
}
