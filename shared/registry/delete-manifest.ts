import type { Cause } from '../events/envelope.ts';
import { publishCommitted, recordEvent } from '../events/outbox.ts';
import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Tag } from '../oci/name.ts';
import type { DocumentChange } from '../ports/documents.ts';
import type { CloudEvent } from '../ports/topic.ts';
import { requireAllowed } from '../state/attributes.ts';
import { untilUncontended } from '../state/contention.ts';
import { guardedManifest, guardedTag, manifestDocumentSchema, manifestRef, referrerId, tagDocumentSchema, tagRef } from '../state/manifest.ts';
import type { ManifestDocument, TagDocument } from '../state/manifest.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryKey } from '../state/names.ts';
import { parseStored, readStored } from '../state/stored.ts';
import type { Stored } from '../state/stored.ts';
import { deleteEvents } from './delete-events.ts';
import type { DeleteEvents } from './delete-events.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * Deletes a manifest with all its tags, or, named by a tag, that tag alone (distribution-spec, "Deleting tags").
 * Throws `RegistryError`: `manifest-unknown`, `disallowed`, `contended`.
 */
export async function deleteManifest(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest, cause: Cause): Promise<void> {
  if (!isDigest(reference)) return deleteTag(ports, key, reference, cause, new RegistryError({ is: 'manifest-unknown', reference }));
  const told = deleteEvents(ports, key, cause);
  const events = await untilUncontended(`${key.repository}@${reference}`, () => tryDelete(ports, key, reference, told));
  await publishCommitted(ports, key, events);
}

/** Deletes a tag; its manifest stays. Throws `absent` when there is none, and `RegistryError`: `disallowed`, `contended`. */
export async function deleteTag(ports: RegistryPorts, key: RepositoryKey, tag: Tag, cause: Cause, absent: RegistryError): Promise<void> {
  const told = deleteEvents(ports, key, cause);
  const event = await untilUncontended(`${key.repository}:${tag}`, async () => {
    const [found] = await Promise.all([readStored(ports.documents, tagDocumentSchema, tagRef(key, tag)), ports.entries.requireAllowed('delete', key)]);
    if (found === undefined) throw absent;
    requireAllowed('delete', [guardedTag(found.document)]);
    const event = told.tagDeleted(found.document);
    return (await commit(ports, key, [untag(found), recordEvent(key, event)])) ? event : undefined;
  });
  await publishCommitted(ports, key, [event]);
}

/** A batch holds 100 changes: this many tags with their events, beside the manifest. */
const tagsAtOnce = 45;

async function tryDelete(ports: RegistryPorts, key: RepositoryKey, digest: Digest, told: DeleteEvents): Promise<CloudEvent[] | undefined> {
  const [manifest] = await Promise.all([readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)), ports.entries.requireAllowed('delete', key)]);
  if (manifest === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: digest });
  const { tags, more } = await tagsOf(ports, key, digest);
  requireAllowed('delete', [guardedManifest(manifest.document), ...tags.map(({ document }) => guardedTag(document))]);
  const events = tags.map((tag) => told.tagDeleted(tag.document));
  // With more tags than one batch holds the manifest goes last, so that a crash in between leaves no tag without one.
  if (!more) events.push(told.manifestDeleted(manifest.document, tags.map(({ document }) => document)));
  const changes = [...tags.map(untag), ...(more ? [] : manifestChanges(manifest)), ...events.map((event) => recordEvent(key, event))];
  if (!(await commit(ports, key, changes))) return undefined;
  if (!more) return events;
  await publishCommitted(ports, key, events);
  return tryDelete(ports, key, digest, told);
}

/** Its condition on the manifest's etag fails when a push has just tagged it: then its tags are looked up again. */
export function manifestChanges({ document, etag }: Stored<ManifestDocument>): DocumentChange[] {
  const gone: DocumentChange = { do: 'delete', id: document.id, ifMatch: etag };
  return document.subject === undefined ? [gone] : [gone, { do: 'delete', id: referrerId(document.subject, document.digest) }];
}

export function untag({ document, etag }: Stored<TagDocument>): DocumentChange {
  return { do: 'delete', id: document.id, ifMatch: etag };
}

async function commit(ports: RegistryPorts, key: RepositoryKey, changes: DocumentChange[]): Promise<boolean> {
  return (await ports.documents.commitDocuments('repositories', partitionOf(key), changes)).committed;
}

async function tagsOf(ports: RegistryPorts, key: RepositoryKey, digest: Digest): Promise<{ tags: Stored<TagDocument>[]; more: boolean }> {
  const partition = partitionOf(key);
  const page = await ports.documents.queryDocuments({
    container: 'repositories',
    partition,
    where: [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: '=', value: digest },
    ],
    limit: tagsAtOnce,
  });
  const tags = page.documents.map((found) => parseStored(tagDocumentSchema, found, { container: 'repositories', partition }));
  return { tags, more: page.continuation !== undefined };
}
