import { LRUCache } from 'lru-cache';
import { RegistryError } from '../../core/oci/faults.ts';
import type { CommitBlocks, StatBlob } from '../../core/ports/blobs.ts';
import { atMost } from '../../core/rules/at-most.ts';
import type { UploadState } from './upload-state.ts';
import { physicalName } from './upload-state.ts';

/** The ids of uploads that this instance has cancelled, so that a request that would call no store is refused too. */
export type CancelledUploads = LRUCache<string, true>;

export function cancelledUploads(): CancelledUploads {
  return new LRUCache(atMost(1_000));
}

interface CancelPorts {
  readonly blobs: CommitBlocks & StatBlob;
  readonly cancelled: CancelledUploads;
}

/**
 * Ends an upload for good, although no document knows it, only the client's URL: an empty blob gets the physical name,
 * which drops the staged blocks, and no later commit can replace it. Throws `RegistryError` (`upload-unknown`) if it is
 * finished or cancelled.
 */
export async function cancelUpload({ blobs, cancelled }: CancelPorts, state: UploadState): Promise<void> {
  requireUncancelled(cancelled, state);
  const outcome = await blobs.commitBlocks(physicalName(state), [], { cancelled: 'yes' });
  if (outcome !== 'committed') throw ended();
  cancelled.set(state.id, true);
}

/**
 * Refuses an upload that this instance has cancelled, without a store call. Throws `RegistryError` (`upload-unknown`).
 */
export function requireUncancelled(cancelled: CancelledUploads, { id }: UploadState): void {
  if (cancelled.has(id)) throw ended();
}

/**
 * Refuses an upload whose physical name is in use, for it is cancelled or finished. It costs one store call. Throws
 * `RegistryError` (`upload-unknown`).
 */
export async function requireUnderWay({ blobs, cancelled }: CancelPorts, state: UploadState): Promise<void> {
  requireUncancelled(cancelled, state);
  if ((await blobs.statBlob(physicalName(state))) !== undefined) throw ended();
}

export function wasCancelled(blob: { readonly metadata: Readonly<Record<string, string>> } | undefined): boolean {
  return blob?.metadata.cancelled === 'yes';
}

export function ended(): RegistryError {
  return new RegistryError({ is: 'upload-unknown', why: 'it was cancelled or finished' });
}
