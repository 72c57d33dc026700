import type { DeleteBlob, ListBlobs, ListedBlob } from '../ports/blobs.ts';
import { pagesFrom } from './pages.ts';

type BlobPage = Awaited<ReturnType<ListBlobs['listBlobs']>>;

/**
 * Lists the pages of blobs, from a place that an earlier page has named or from the beginning. Throws `StoreFailure`.
 */
export function blobPagesFrom(blobs: ListBlobs, limit: number, place?: string): AsyncGenerator<BlobPage> {
  return pagesFrom(place, (continuation) => blobs.listBlobs(limit, continuation));
}

/** Deletes a blob that is still as it was listed; `false` if it has changed or is gone. Throws `StoreFailure`. */
export function deleteAsListed(blobs: DeleteBlob, { name, etag }: ListedBlob): Promise<boolean> {
  return blobs.deleteBlob(name, etag);
}
