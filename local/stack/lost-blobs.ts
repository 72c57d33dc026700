import { blobDocumentSchema } from '../../shared/core/documents/blob.ts';
import { manifestDocumentSchema } from '../../shared/core/documents/manifest.ts';
import { partitionOf } from '../../shared/core/documents/names.ts';
import { parseStored } from '../../shared/core/documents/stored.ts';
import type { Blobs } from '../../shared/core/ports/blobs.ts';
import type { DocumentChange, Documents, Predicate } from '../../shared/core/ports/documents.ts';
import { maxChangesPerCommit } from '../../shared/core/ports/documents.ts';

/**
 * Blobs of so many milliseconds before a crash are checked: Azurite writes its index every few seconds, and killed
 * outright it loses the writes since.
 */
const suspectMs = 60_000;

interface Stores {
  readonly documents: Documents;
  /** Returns the blobs of a region; `undefined` for one that is not running, of whose blobs nothing can be said. */
  readonly blobsIn: (region: string) => Pick<Blobs, 'statBlob'> | undefined;
}

/**
 * Checks, after a crash, every blob and large manifest that was stored in the last minute before it, and forgets those
 * whose bytes Azurite has lost. They are unknown then, so that the next push stores them again. Returns the lost
 * digests.
 */
export async function forgetLostBlobs(stores: Stores): Promise<string[]> {
  return [...(await lostBlobs(stores)), ...(await lostManifests(stores))];
}

async function lostBlobs({ documents, blobsIn }: Stores): Promise<string[]> {
  const lost: string[] = [];
  for await (const found of latest(documents, 'blobs', 'storedAt', { path: 'type', is: '=', value: 'blob' })) {
    const { digest, copies } = parseStored(blobDocumentSchema, found, { container: 'blobs' }).document;
    const there = await Promise.all(Object.entries(copies).map(([region, { name }]) => isThere(blobsIn(region), name)));
    if (there.every(Boolean)) continue;
    // The links go with the blob: by a link a repository may read the blob, and a manifest name it.
    const partition = await all(documents, { container: 'blobs', partition: [digest], where: [] });
    const changes = partition.map(({ document, etag }): DocumentChange => ({
      do: 'delete',
      id: document.id,
      ifMatch: etag,
    }));
    for (let from = 0; from < changes.length; from += maxChangesPerCommit)
      await documents.commitDocuments('blobs', [digest], changes.slice(from, from + maxChangesPerCommit));
    lost.push(digest);
  }
  return lost;
}

async function isThere(blobs: Pick<Blobs, 'statBlob'> | undefined, name: string): Promise<boolean> {
  return blobs === undefined || (await blobs.statBlob(name)) !== undefined;
}

async function lostManifests({ documents, blobsIn }: Stores): Promise<string[]> {
  const lost: string[] = [];
  for await (const found of latest(documents, 'repositories', 'updatedAt', {
    path: 'type',
    is: '=',
    value: 'manifest',
  })) {
    const { document, etag } = parseStored(manifestDocumentSchema, found, { container: 'repositories' });
    if (
      !('blob' in document.content) ||
      (await isThere(blobsIn(document.content.region ?? 'local'), document.content.blob))
    )
      continue;
    await documents.commitDocuments('repositories', partitionOf(document), [
      { do: 'delete', id: document.id, ifMatch: etag },
    ]);
    lost.push(document.digest);
  }
  return lost;
}

/** Reads the documents of one kind that were written in the minute before the last one was. */
async function* latest(documents: Documents, container: 'blobs' | 'repositories', timePath: string, kind: Predicate) {
  const newest = await documents.queryDocuments({
    container,
    where: [kind],
    orderBy: { path: timePath, direction: 'desc' },
    limit: 1,
  });
  const last = newest.documents[0]?.document[timePath];
  if (typeof last !== 'string') return;
  const since = new Date(Date.parse(last) - suspectMs).toISOString();
  yield* await all(documents, { container, where: [kind, { path: timePath, is: '>=', value: since }] });
}

async function all(
  documents: Documents,
  query: { container: 'blobs' | 'repositories'; partition?: readonly string[]; where: readonly Predicate[] },
) {
  const found = [];
  let continuation: string | undefined;
  do {
    const page = await documents.queryDocuments({
      ...query,
      limit: 500,
      ...(continuation === undefined ? {} : { continuation }),
    });
    found.push(...page.documents);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}
