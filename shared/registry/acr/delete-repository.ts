import type { Cause } from '../../events/envelope.ts';
import { publishCommitted, recordEvent } from '../../events/outbox.ts';
import { RegistryError } from '../../oci/faults.ts';
import type { DocumentChange, Predicate } from '../../ports/documents.ts';
import type { CloudEvent } from '../../ports/topic.ts';
import { requireAllowed } from '../../state/attributes.ts';
import { untilUncontended } from '../../state/contention.ts';
import { guardedManifest, guardedTag, manifestDocumentSchema, tagDocumentSchema } from '../../state/manifest.ts';
import { partitionOf } from '../../state/names.ts';
import type { RepositoryKey } from '../../state/names.ts';
import { guardedRepository, repositoryDocumentSchema, repositoryRef } from '../../state/repository.ts';
import type { RepositoryDocument } from '../../state/repository.ts';
import { parseStored, readStored } from '../../state/stored.ts';
import { deleteEvents } from '../delete-events.ts';
import type { DeleteEvents } from '../delete-events.ts';
import { manifestChanges, untag } from '../delete-manifest.ts';
import type { RegistryPorts } from '../ports.ts';

export interface DeletedRepository {
  readonly manifestsDeleted: string[];
  readonly tagsDeleted: string[];
}

/** A batch holds 100 changes: a tag is 2 (itself, its event), a manifest up to 3 (itself, its edge to a subject, its event). */
const tagsAtOnce = 50;
const manifestsAtOnce = 33;

/**
 * Deletes all that a repository holds, batch by batch, then its entry; asked again after a crash it goes on. Tags first, so that
 * none is ever left without its manifest. Throws `RegistryError`: `name-unknown`, `disallowed`, `contended`.
 */
export async function deleteRepository(ports: RegistryPorts, key: RepositoryKey, cause: Cause): Promise<DeletedRepository> {
  const [entry] = await Promise.all([liveEntry(ports, key), requireNothingLocked(ports, key)]);
  requireAllowed('delete', [guardedRepository(entry)]);
  const told = deleteEvents(ports, key, cause);
  const deleted: DeletedRepository = { manifestsDeleted: [], tagsDeleted: [] };
  for (const step of [deleteTags, deleteManifests]) {
    for (let done = false; !done; ) done = await untilUncontended(`repository ${key.repository}`, () => step(ports, key, told, deleted));
  }
  await tellOfEnd(ports, key, told.repositoryDeleted(entry.generation));
  await bury(ports, key, entry);
  return deleted;
}

async function liveEntry(ports: RegistryPorts, key: RepositoryKey): Promise<RepositoryDocument> {
  const found = await readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key));
  if (found?.document.state !== 'live') throw new RegistryError({ is: 'name-unknown', name: key.repository });
  return found.document;
}

/** Looked up before anything goes: a lock that is known is no reason to stop halfway. */
async function requireNothingLocked(ports: RegistryPorts, key: RepositoryKey): Promise<void> {
  const attributes = ['deleteEnabled', 'writeEnabled'] as const;
  const locked = await Promise.all(attributes.map((attribute) => query(ports, key, [{ path: `attributes.${attribute}`, is: '=', value: false }], 1)));
  for (const [index, { documents }] of locked.entries()) {
    const [first] = documents;
    if (first !== undefined) throw new RegistryError({ is: 'disallowed', what: first.document.id.replace(':', ' '), attribute: attributes[index] ?? 'deleteEnabled' });
  }
}

/** One batch of tags, then `false`; `true` when there is none, `undefined` when somebody else wrote in between. */
async function deleteTags(ports: RegistryPorts, key: RepositoryKey, told: DeleteEvents, deleted: DeletedRepository): Promise<boolean | undefined> {
  const page = await query(ports, key, [{ path: 'id', is: 'starts-with', value: 'tag:' }], tagsAtOnce);
  const tags = page.documents.map((found) => parseStored(tagDocumentSchema, found, page));
  if (tags.length === 0) return page.continuation === undefined;
  requireAllowed('delete', tags.map(({ document }) => guardedTag(document)));
  const committed = await commit(ports, key, tags.map(untag), tags.map(({ document }) => told.tagDeleted(document)));
  if (!committed) return undefined;
  deleted.tagsDeleted.push(...tags.map(({ document }) => document.name));
  return false;
}

/** As `deleteTags`. Tags are looked for between reading the manifests and deleting them: a push that tags one moves its etag. */
async function deleteManifests(ports: RegistryPorts, key: RepositoryKey, told: DeleteEvents, deleted: DeletedRepository): Promise<boolean | undefined> {
  const page = await query(ports, key, [{ path: 'id', is: 'starts-with', value: 'manifest:' }], manifestsAtOnce);
  const manifests = page.documents.map((found) => parseStored(manifestDocumentSchema, found, page));
  if (manifests.length === 0) return page.continuation === undefined;
  const untagged = await deleteTags(ports, key, told, deleted);
  if (untagged !== true) return untagged;
  requireAllowed('delete', manifests.map(({ document }) => guardedManifest(document)));
  const committed = await commit(ports, key, manifests.flatMap(manifestChanges), manifests.map(({ document }) => told.manifestDeleted(document, [])));
  if (!committed) return undefined;
  deleted.manifestsDeleted.push(...manifests.map(({ document }) => document.digest));
  return false;
}

async function query(ports: RegistryPorts, key: RepositoryKey, where: readonly Predicate[], limit: number) {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  return { container, partition, ...(await ports.documents.queryDocuments({ container, partition, where, limit })) };
}

async function commit(ports: RegistryPorts, key: RepositoryKey, changes: readonly DocumentChange[], events: readonly CloudEvent[]): Promise<boolean> {
  const recorded = [...changes, ...events.map((event) => recordEvent(key, event))];
  const { committed } = await ports.documents.commitDocuments('repositories', partitionOf(key), recorded);
  if (committed) await publishCommitted(ports, key, events);
  return committed;
}

/** Recorded before the entry goes: after a crash in between the repository is still there to be deleted, and told of once. */
async function tellOfEnd(ports: RegistryPorts, key: RepositoryKey, event: CloudEvent): Promise<void> {
  await ports.documents.commitDocuments('repositories', partitionOf(key), [recordEvent(key, event, 'again')]);
  await publishCommitted(ports, key, [event]);
}

/**
 * Marks the entry; `settleRepositories` removes it, or brings it back when it finds a manifest: an instance that knew the live entry
 * may be committing a push right now.
 */
async function bury(ports: RegistryPorts, key: RepositoryKey, { generation }: RepositoryDocument): Promise<void> {
  await untilUncontended(`catalog entry of ${key.repository}`, async () => {
    const { container, partition, id } = repositoryRef(key);
    const found = await readStored(ports.documents, repositoryDocumentSchema, { container, partition, id });
    if (found?.document.state !== 'live' || found.document.generation !== generation) return 'another life';
    const document: RepositoryDocument = { ...found.document, state: 'deleted', updatedAt: ports.clock.now().toISOString() };
    const outcome = await ports.documents.commitDocuments(container, partition, [{ do: 'replace', document: { ...document }, ifMatch: found.etag }]);
    const etag = outcome.committed ? outcome.etags[0] : undefined;
    if (etag === undefined) return undefined;
    ports.entries.remember({ document, etag });
    return 'buried';
  });
}
