import type { BlobDocument, LinkDocument } from '../../core/documents/blob.ts';
import { blobId, linkCheckChange, linkDocumentSchema, linkId, linkRef } from '../../core/documents/blob.ts';
import { patching, replacing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RecycleBin } from '../../core/ports/bin.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { CommitDocuments, DocumentChange, ReadDocument } from '../../core/ports/documents.ts';

/** The part of a link that a pull needs: where the repository reads the blob. */
export type LinkedBlob = Pick<LinkDocument, 'digest' | 'size' | 'name' | 'region'>;

/** The schema has only these properties, for each one that is checked costs every pull of every blob. */
const linkedBlob = linkDocumentSchema.pick({
  type: true,
  schemaVersion: true,
  digest: true,
  size: true,
  name: true,
  region: true,
  refreshedAt: true,
  droppedAt: true,
});
type FoundLink = LinkedBlob & Pick<LinkDocument, 'refreshedAt'>;

export interface LinkPorts {
  readonly documents: ReadDocument & CommitDocuments;
  readonly bin: Pick<RecycleBin, 'listerOf'>;
  readonly clock: Clock;
  readonly settings: { readonly graceMs: number };
}

/**
 * Returns the repository's link to a blob; `undefined` if it may not read it, or nobody has it. Only a dropped link
 * costs more than the read.
 */
export async function findLink(
  ports: LinkPorts,
  key: RepositoryKey,
  digest: Digest,
  documents: ReadDocument = ports.documents,
): Promise<FoundLink | undefined> {
  const link = (await readStored(documents, linkedBlob, linkRef(key, digest)))?.document;
  return link?.droppedAt === undefined ? link : takeUpAgain(ports, key, digest);
}

/**
 * Restores a dropped link that a manifest needs after all: a push was under way when the blob was deleted. `undefined`
 * if no manifest needs it.
 */
async function takeUpAgain(ports: LinkPorts, key: RepositoryKey, digest: Digest): Promise<FoundLink | undefined> {
  const link = await untilUncontended(`link to ${digest}`, async () => {
    const found = await readStored(ports.documents, linkDocumentSchema, linkRef(key, digest));
    if (found === undefined) return 'gone';
    const { droppedAt, ...link } = found.document;
    if (droppedAt === undefined) return link;
    if ((await ports.bin.listerOf(key, digest)) === undefined) return 'gone';
    const again = { ...link, refreshedAt: ports.clock.now().toISOString() };
    const { committed } = await ports.documents.commitDocuments('blobs', [digest], [replacing(found, again)]);
    return committed ? again : undefined;
  });
  return link === 'gone' ? undefined : link;
}

/** Returns the repository's link; `documents` is where it is read first. Throws `RegistryError` (`blob-unknown`). */
export async function requireLink(
  ports: LinkPorts,
  key: RepositoryKey,
  digest: Digest,
  documents: ReadDocument = ports.documents,
): Promise<LinkedBlob> {
  const link = await findLink(ports, key, digest, documents);
  if (link === undefined) throw new RegistryError({ is: 'blob-unknown', digest });
  return link;
}

/**
 * Returns a link that is kept for at least three quarters of the grace from now on: one older than a quarter is
 * refreshed. If it was dropped at that moment, the repository has none. So a link is written at most once in a quarter
 * of the grace, however often it is used.
 */
export async function relyOnLink(
  ports: LinkPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<LinkedBlob | undefined> {
  const link = await findLink(ports, key, digest);
  if (link === undefined || isYoung(ports, link)) return link;
  const outcome = await ports.documents.commitDocuments(
    'blobs',
    [digest],
    [{ do: 'patch', id: linkId(key), set: { refreshedAt: ports.clock.now().toISOString() } }],
  );
  return outcome.committed ? link : undefined;
}

/** Returns a link as `relyOnLink` does; throws `RegistryError` (`blob-unknown`). */
export async function requireLasting(ports: LinkPorts, key: RepositoryKey, digest: Digest): Promise<LinkedBlob> {
  const link = await relyOnLink(ports, key, digest);
  if (link === undefined) throw new RegistryError({ is: 'blob-unknown', digest });
  return link;
}

export function isYoung(
  { clock, settings }: Pick<LinkPorts, 'clock' | 'settings'>,
  { refreshedAt }: Pick<LinkDocument, 'refreshedAt'>,
): boolean {
  return clock.now().getTime() - Date.parse(refreshedAt) <= settings.graceMs / 4;
}

/**
 * Makes the changes that let a repository read a blob, beside the one that creates the blob. A link is created with the
 * check that may end it.
 */
export function linkChanges(
  { clock, settings }: Pick<LinkPorts, 'clock' | 'settings'>,
  key: RepositoryKey,
  blob: LinkedBlob,
): DocumentChange[] {
  const { digest, size, name, region } = blob;
  const now = clock.now();
  const document: LinkDocument = {
    id: linkId(key),
    type: 'link',
    schemaVersion: 1,
    digest,
    registry: key.registry,
    repository: key.repository,
    size,
    name,
    region,
    refreshedAt: now.toISOString(),
  };
  return [
    { do: 'upsert', document: { ...document } },
    linkCheckChange(key, digest, new Date(now.getTime() + settings.graceMs)),
  ];
}

/**
 * Links a blob that another repository stored. The same transaction changes the blob's etag. `false` if the blob was
 * just collected, or, with `known`, changed: a blob without links may be collected and stored anew, under another name,
 * at any moment.
 */
export async function linkStored(
  ports: LinkPorts,
  key: RepositoryKey,
  blob: LinkedBlob,
  known?: Stored<BlobDocument>,
): Promise<boolean> {
  const set = { linkedAt: ports.clock.now().toISOString() };
  const touched: DocumentChange = known === undefined ? { do: 'patch', id: blobId, set } : patching(known, set);
  return (await ports.documents.commitDocuments('blobs', [blob.digest], [touched, ...linkChanges(ports, key, blob)]))
    .committed;
}

/** Returns where a blob's bytes are: in this region, or in another one. */
export function nearestCopy(blob: BlobDocument, region: string): LinkedBlob {
  const { digest, size } = blob;
  const here = blob.copies[region];
  if (here !== undefined) return { digest, size, name: here.name, region };
  const [elsewhere] = Object.entries(blob.copies);
  if (elsewhere === undefined) throw new TypeError(`blob ${digest} has no copy in any region`);
  return { digest, size, name: elsewhere[1].name, region: elsewhere[0] };
}
