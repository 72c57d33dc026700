import type { Cause } from '../events/envelope.ts';
import { envelope } from '../events/envelope.ts';
import { publishCommitted, recordEvent } from '../events/outbox.ts';
import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Tag } from '../oci/name.ts';
import type { DocumentChange } from '../ports/documents.ts';
import type { CloudEvent } from '../ports/topic.ts';
import { manifestDocumentSchema, manifestRef, referrerId, tagDocumentSchema, tagRef } from '../state/manifest.ts';
import type { ManifestDocument, TagDocument } from '../state/manifest.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryKey } from '../state/names.ts';
import { parseStored, readStored } from '../state/stored.ts';
import type { Stored } from '../state/stored.ts';
import { untilUncontended } from '../state/contention.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * Deletes a manifest with all its tags, or, named by a tag, that tag alone (distribution-spec, "Deleting tags").
 * Throws `RegistryError`: `manifest-unknown`, `contended`.
 */
export async function deleteManifest(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest, cause: Cause): Promise<void> {
  const told = teller(ports, key, cause);
  const events = await untilUncontended(`${key.repository}:${reference}`, () => (isDigest(reference) ? tryDelete(ports, key, reference, told) : tryUntag(ports, key, reference, told)));
  await publishCommitted(ports, key, events);
}

async function tryUntag(ports: RegistryPorts, key: RepositoryKey, tag: Tag, told: Teller): Promise<CloudEvent[] | undefined> {
  const found = await readStored(ports.documents, tagDocumentSchema, tagRef(key, tag));
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: tag });
  const event = told.tagDeleted(found.document);
  return (await commit(ports, key, [untag(found), recordEvent(key, event)])) ? [event] : undefined;
}

/** A batch holds 100 changes: this many tags with their events, beside the manifest. */
const tagsAtOnce = 45;

async function tryDelete(ports: RegistryPorts, key: RepositoryKey, digest: Digest, told: Teller): Promise<CloudEvent[] | undefined> {
  const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (manifest === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: digest });
  const { tags, more } = await tagsOf(ports, key, digest);
  const events = tags.map((tag) => told.tagDeleted(tag.document));
  // With more tags than one batch holds the manifest goes last, so that a crash in between leaves no tag without one.
  if (!more) events.push(told.imageDeleted(manifest.document));
  const changes = [...tags.map(untag), ...(more ? [] : manifestChanges(manifest)), ...events.map((event) => recordEvent(key, event))];
  if (!(await commit(ports, key, changes))) return undefined;
  if (!more) return events;
  await publishCommitted(ports, key, events);
  return tryDelete(ports, key, digest, told);
}

/** Its condition on the manifest's etag fails when a push has just tagged it: then its tags are looked up again. */
function manifestChanges({ document, etag }: Stored<ManifestDocument>): DocumentChange[] {
  const gone: DocumentChange = { do: 'delete', id: document.id, ifMatch: etag };
  return document.subject === undefined ? [gone] : [gone, { do: 'delete', id: referrerId(document.subject, document.digest) }];
}

function untag({ document, etag }: Stored<TagDocument>): DocumentChange {
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

type Teller = ReturnType<typeof teller>;

/** The events of a delete, with one cause. */
function teller(ports: RegistryPorts, key: RepositoryKey, cause: Cause) {
  const { repository } = key;
  const timestamp = ports.clock.now().toISOString();
  const about = (subject: string) => ({ id: ports.ids.nextId(), time: timestamp, source: ports.settings.eventSource, subject });
  const occurrence = () => ({ id: ports.ids.nextId(), timestamp, ...cause });
  return {
    tagDeleted: ({ name, digest }: TagDocument) =>
      envelope('Longshore.TagDeleted', about(`${repository}:${name}`), { ...occurrence(), target: { repository, tag: name, previousDigest: digest } }),
    imageDeleted: ({ mediaType, digest }: ManifestDocument) =>
      envelope('Microsoft.ContainerRegistry.ImageDeleted', about(repository), { ...occurrence(), action: 'delete', target: { mediaType, digest, repository } }),
  };
}
