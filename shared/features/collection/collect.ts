import type { BlobCheck, BlobDocument, Collected, LinkCheck } from '../../core/documents/blob.ts';
import {
  blobCheckChange,
  blobDocumentSchema,
  blobRef,
  collectedId,
  graceFromNow,
  linkDocumentSchema,
  linkRef,
} from '../../core/documents/blob.ts';
import { patching, removing } from '../../core/documents/changes.ts';
import { isNeeded } from '../../core/documents/listers.ts';
import { documentsOf, firstOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { causeOfBackground } from '../../core/events/background.ts';
import { envelope } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { CollectionPorts } from './ports.ts';

/**
 * Checks a link that is due. If a manifest needs it, it loses its check; if no manifest needs it and no request
 * refreshed it for a grace, it is dropped; otherwise it is checked again later. `now` is taken before the query for
 * manifests: a push that relied on the link has committed by then (docs/architecture.md, "Never lose an image"). If
 * somebody wrote in between, the check stays due.
 */
export async function checkLink(
  ports: CollectionPorts,
  found: Stored<LinkCheck>,
): Promise<'needed' | 'dropped' | 'later' | 'absent' | 'changed'> {
  const { document: check } = found;
  const { digest } = check;
  const done: DocumentChange = removing(found);
  const link = await readStored(ports.documents, linkDocumentSchema, linkRef(check, digest));
  const now = ports.clock.now().getTime();
  if (link === undefined) return commit(ports, digest, [done], 'absent');
  if (await isNeeded(ports, check, digest)) return commit(ports, digest, [done], 'needed');
  const spareUntil = Date.parse(link.document.refreshedAt) + ports.settings.graceMs;
  if (spareUntil > now)
    return commit(ports, digest, [patching(found, { dueAt: new Date(spareUntil).toISOString() })], 'later');
  return commit(ports, digest, [removing(link), done, blobCheckChange(digest, graceFromNow(ports))], 'dropped');
}

/**
 * Checks a blob that is due. If it has no link, its document is deleted, on the condition of its etag, which every new
 * link changes; a note of where its bytes are remains. A name is never used twice, so a later upload of the digest is
 * stored under another one.
 */
export async function checkBlob(
  ports: CollectionPorts,
  found: Stored<BlobCheck>,
): Promise<'collected' | 'linked' | 'absent' | 'changed'> {
  const {
    document: { digest },
  } = found;
  const done: DocumentChange = removing(found);
  const blob = await readStored(ports.documents, blobDocumentSchema, blobRef(digest));
  if (blob === undefined) return commit(ports, digest, [done], 'absent');
  if (await isLinked(ports, digest)) return commit(ports, digest, [done], 'linked');
  const notes = notesOf(blob.document, ports.clock.now());
  const gone: DocumentChange = removing(blob);
  const outcome = await commit(
    ports,
    digest,
    [gone, done, ...notes.map((note) => ({ do: 'upsert' as const, document: { ...note } }))],
    'collected',
  );
  if (outcome === 'collected')
    for (const note of notes.filter(({ region }) => region === ports.settings.region)) await deleteBytes(ports, note);
  return outcome;
}

async function isLinked({ documents }: CollectionPorts, digest: Digest): Promise<boolean> {
  const links = await firstOf(
    1,
    documentsOf(documents, {
      container: 'blobs',
      partition: [digest],
      where: [{ path: 'type', is: '=', value: 'link' }],
      limit: 1,
    }),
  );
  return links.length > 0;
}

function notesOf({ digest, size, copies }: BlobDocument, now: Date): Collected[] {
  return Object.entries(copies).map(([region, { name }]) => ({
    id: collectedId(region, name),
    type: 'collected',
    schemaVersion: 1,
    digest,
    size,
    name,
    region,
    dueAt: now.toISOString(),
  }));
}

/** Deletes the bytes that a note names, publishes the event, and deletes the note. Each step may be repeated. */
export async function deleteBytes(ports: CollectionPorts, note: Collected): Promise<void> {
  const { digest, name, region, id } = note;
  const blob = await readStored(ports.documents, blobDocumentSchema, blobRef(digest));
  // An upload of no bytes has no blocks that a commit could miss: repeated, it stores the same name again.
  if (blob?.document.copies[region]?.name !== name) {
    await ports.blobs.deleteBlob(name);
    await ports.topic.publishEvents([collectedEvent(ports, id, note)]);
  }
  await ports.documents.commitDocuments('blobs', [digest], [{ do: 'delete', id }]);
}

/**
 * Returns `outcome` if the conditions held. Otherwise somebody wrote in between, and the document that is due says what
 * is left to do.
 */
async function commit<T extends string>(
  ports: CollectionPorts,
  digest: Digest,
  changes: readonly DocumentChange[],
  outcome: T,
): Promise<T | 'changed'> {
  return (await ports.documents.commitDocuments('blobs', [digest], changes)).committed ? outcome : 'changed';
}

/**
 * Makes the event of collected bytes. `id` is made of the note, so that a crash repeats the event and makes no other.
 * Registries share bytes, so where there are several it is an event of none of them: each would learn by it what the
 * others hold.
 */
function collectedEvent(
  { ids, clock, settings }: CollectionPorts,
  id: string,
  { digest, size }: { readonly digest: Digest; readonly size: number },
): CloudEvent {
  const time = clock.now().toISOString();
  return envelope(
    'Longshore.BlobCollected',
    { id, time, source: settings.sourceOf?.() ?? settings.eventSource, subject: digest },
    { id: ids.nextId(), timestamp: time, ...causeOfBackground({ ids }, 'longshore'), target: { digest, size } },
  );
}
