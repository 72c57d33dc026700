import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitDocuments, DocumentChange, ReadDocument } from '../ports/documents.ts';
import { linkDocumentSchema, linkId, linkRef } from '../state/blob.ts';
import type { BlobDocument, LinkDocument } from '../state/blob.ts';
import type { RepositoryKey } from '../state/names.ts';
import { readStored } from '../state/stored.ts';

/** The repository's link to a blob; `undefined` when it may not read it, or nobody has it. */
export async function findLink(documents: ReadDocument, key: RepositoryKey, digest: Digest): Promise<LinkDocument | undefined> {
  return (await readStored(documents, linkDocumentSchema, linkRef(key, digest)))?.document;
}

/** Throws `RegistryError` (`blob-unknown`). */
export async function requireLink(documents: ReadDocument, key: RepositoryKey, digest: Digest): Promise<LinkDocument> {
  const link = await findLink(documents, key, digest);
  if (link === undefined) throw new RegistryError({ is: 'blob-unknown', digest });
  return link;
}

/** The change that lets a repository read a blob; made again it refreshes the link. */
export function linkChange(key: RepositoryKey, blob: Pick<LinkDocument, 'digest' | 'size' | 'name' | 'region'>, now: Date): DocumentChange {
  const { digest, size, name, region } = blob;
  const document: LinkDocument = { id: linkId(key), type: 'link', schemaVersion: 1, digest, registry: key.registry, repository: key.repository, size, name, region, refreshedAt: now.toISOString() };
  return { do: 'upsert', document: { ...document } };
}

/** Links a blob that is stored. */
export async function linkStored(ports: { documents: CommitDocuments; clock: Clock }, key: RepositoryKey, blob: BlobDocument, region: string): Promise<void> {
  const copy = copyNearest(blob, region);
  const change = linkChange(key, { digest: blob.digest, size: blob.size, ...copy }, ports.clock.now());
  await ports.documents.commitDocuments('blobs', [blob.digest], [change]);
}

/** Takes the blob from this repository alone; its bytes stay for those that still have it. Throws `RegistryError` (`blob-unknown`). */
export async function dropLink(documents: CommitDocuments, key: RepositoryKey, digest: Digest): Promise<void> {
  const outcome = await documents.commitDocuments('blobs', [digest], [{ do: 'delete', id: linkId(key) }]);
  if (!outcome.committed) throw new RegistryError({ is: 'blob-unknown', digest });
}

function copyNearest(blob: BlobDocument, region: string): { name: string; region: string } {
  const here = blob.copies[region];
  if (here !== undefined) return { name: here.name, region };
  const [elsewhere] = Object.entries(blob.copies);
  if (elsewhere === undefined) throw new TypeError(`blob ${blob.digest} has no copy in any region`);
  return { name: elsewhere[1].name, region: elsewhere[0] };
}
