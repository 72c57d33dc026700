import { LRUCache } from 'lru-cache';
import { RegistryError } from '../../core/oci/faults.ts';
import type { CommitBlocks, StatBlob } from '../../core/ports/blobs.ts';
import type { UploadState } from './upload-state.ts';
import { physicalName } from './upload-state.ts';

/** The ids of uploads that this instance has cancelled: a request that would touch no store is then refused too. */
export type CancelledUploads = LRUCache<string, true>;

export function cancelledUploads(): CancelledUploads {
  return new LRUCache({ max: 1_000 });
}

interface CancelPorts {
  readonly blobs: CommitBlocks & StatBlob;
  readonly cancelled: CancelledUploads;
}

/**
 * Ends an upload for good, though nothing but the client's URL tells of it: an empty blob takes the physical name,
 * which drops the staged blocks, and no later commit can replace it. Throws `RegistryError` (`upload-unknown`) when it
 * is finished or cancelled.
 */
export async function cancelUpload({ blobs, cancelled }: CancelPorts, state: UploadState): Promise<void> {
  requireUncancelled(cancelled, state);
  const outcome = await blobs.commitBlocks(physicalName(state), [], { cancelled: 'yes' });
  if (outcome !== 'committed') throw ended();
  cancelled.set(state.id, true);
}

/** For free, but only what this instance cancelled. Throws `RegistryError` (`upload-unknown`). */
export function requireUncancelled(cancelled: CancelledUploads, { id }: UploadState): void {
  if (cancelled.has(id)) throw ended();
}

/**
 * Asks the store: an upload whose name is taken is cancelled or finished. Throws `RegistryError` (`upload-unknown`).
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
