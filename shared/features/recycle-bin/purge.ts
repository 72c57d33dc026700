import pLimit from 'p-limit';
import type { BinnedDocument, BinnedTag } from '../../core/documents/bin.ts';
import { binnedDocumentSchema, binnedRef, binnedTagSchema } from '../../core/documents/bin.ts';
import { graceFromNow, linkCheckChange, linkRef } from '../../core/documents/blob.ts';
import { removing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { storedWhere } from '../../core/documents/in-repository.ts';
import { childrenOf, isOwnContent } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { parseStored, Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { isRecorded, publishCommitted, recordEvent } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { purgedEvent } from './deletion.ts';
import { spentContentChange } from './documents.ts';
import { keeperOf, wasOrdered } from './kept.ts';
import type { StorePorts } from './ports.ts';
import { reconcilingWith } from './reconcile.ts';
import { binnedTagsOf, restoreWithoutTags } from './restore.ts';

/** A batch holds 100 changes: beside these tags the manifest, its content and the event. */
const tagsAtOnce = 90;
const checksAtOnce = 16;
/** A request waits for the purge of a deletion, which may hold thousands of manifests. */
const purgedAtOnce = 8;

/**
 * Returns whether little enough time has passed between reading and writing: a part of the grace for which a link is
 * kept.
 */
function withinGrace({ clock, settings }: StorePorts, lookedAt: number): boolean {
  return clock.now().getTime() - lookedAt < settings.graceMs / 2;
}

/**
 * Purges a manifest from the recycle bin, with its tags. `false` if it is not in the recycle bin any more; one that
 * something keeps after all is restored instead. Called again after a crash, it goes on. Throws `RegistryError`
 * (`contended`), `StoreFailure`.
 */
export async function purgeManifest(
  ports: StorePorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<boolean> {
  const events = await untilUncontended(`${key.repository}@${digest}`, () => tryPurge(ports, key, digest, cause));
  if (typeof events === 'string') return false;
  await publishCommitted(ports, key, events);
  return true;
}

async function tryPurge(
  ports: StorePorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<CloudEvent[] | 'stays' | undefined> {
  const lookedAt = ports.clock.now().getTime();
  const binned = await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest));
  if (binned === undefined) return 'stays';
  if (!wasOrdered(binned.document) && (await keeperOf(ports, key, binned.document)) !== undefined) {
    await restoreWithoutTags(reconcilingWith(ports), key, digest, cause);
    return 'stays';
  }
  // The checks are written before the document is deleted, and are due after that: a link without a check would stay
  // for ever.
  await checkLinksLater(ports, key, binned.document);
  const tags = await binnedTagsOf(ports, key, digest, tagsAtOnce);
  if (!withinGrace(ports, lookedAt)) return undefined;
  return commitPurge(ports, key, binned, tags, cause);
}

async function commitPurge(
  ports: StorePorts,
  key: RepositoryKey,
  binned: Stored<BinnedDocument>,
  tags: readonly Stored<BinnedTag>[],
  cause: Cause,
): Promise<CloudEvent[] | undefined> {
  const { content, size, recycled } = binned.document;
  const more = tags.length === tagsAtOnce;
  const event = purgedEvent(ports, key, cause, recycled.group, {
    manifests: more ? [] : [binned.document],
    tags: tags.map(({ document }) => document),
  });
  const spent =
    'blob' in content && isOwnContent(content.blob)
      ? [spentContentChange(key, { blob: content.blob, size }, graceFromNow(ports))]
      : [];
  const outcome = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    ...(more ? [] : [removing(binned), ...spent]),
    ...tags.map((tag) => removing(tag)),
    recordEvent(key, event),
  ]);
  if (!outcome.committed && !(await isRecorded(ports.documents, key, event))) return undefined;
  if (!more) return [event];
  await publishCommitted(ports, key, [event]);
  return undefined;
}

async function checkLinksLater(ports: StorePorts, key: RepositoryKey, { references }: BinnedDocument): Promise<void> {
  const blobs = new Set(references.filter(({ role }) => role !== 'manifest').map(({ digest }) => digest));
  const children = childrenOf({ references }).filter((child) => !blobs.has(child));
  const limit = pLimit(checksAtOnce);
  const check = (blob: Digest) =>
    ports.documents.commitDocuments('blobs', [blob], [linkCheckChange(key, blob, graceFromNow(ports))]);
  await Promise.all([
    ...[...blobs].map((blob) => limit(() => check(blob))),
    // The bytes of a child may have been uploaded as a blob as well; then the index has kept that link too.
    ...children.map((child) =>
      limit(async () => (await ports.documents.readDocument(linkRef(key, child))) !== undefined && check(child)),
    ),
  ]);
}

/** Purges one tag from the recycle bin, unless it was restored or recycled anew since it was read. */
export async function purgeTag(
  ports: StorePorts,
  key: RepositoryKey,
  found: Stored<BinnedTag>,
  cause: Cause,
): Promise<void> {
  const { document } = found;
  const event = purgedEvent(ports, key, cause, document.recycled.group, { manifests: [], tags: [document] });
  const outcome = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    removing(found),
    recordEvent(key, event),
  ]);
  if (outcome.committed || (await isRecorded(ports.documents, key, event))) await publishCommitted(ports, key, [event]);
}

/** Purges all of one deletion. Returns the numbers of manifests and tags. */
export async function purgeGroup(
  ports: StorePorts,
  key: RepositoryKey,
  group: string,
  cause: Cause,
): Promise<{ readonly manifests: number; readonly tags: number }> {
  const [all, tags] = await Promise.all([manifestsOfGroup(ports, key, group), tagsOfGroup(ports, key, group)]);
  const limit = pLimit(purgedAtOnce);
  const purged = await Promise.all(
    all.map(({ document }) => limit(() => purgeManifest(ports, key, document.digest, cause))),
  );
  // Most tags were purged with their manifests.
  await Promise.all(tags.map((tag) => limit(() => purgeTag(ports, key, tag, cause))));
  return { manifests: purged.filter((each) => each).length, tags: tags.length };
}

export function manifestsOfGroup(
  ports: Pick<StorePorts, 'documents'>,
  key: RepositoryKey,
  group: string,
): Promise<Stored<BinnedDocument>[]> {
  return ofGroup(ports, key, 'binned', group, binnedDocumentSchema);
}

export function tagsOfGroup(
  ports: Pick<StorePorts, 'documents'>,
  key: RepositoryKey,
  group: string,
): Promise<Stored<BinnedTag>[]> {
  return ofGroup(ports, key, 'binned-tag', group, binnedTagSchema);
}

function ofGroup<T>(
  ports: Pick<StorePorts, 'documents'>,
  key: RepositoryKey,
  type: string,
  group: string,
  schema: Parameters<typeof parseStored<T>>[0],
): Promise<Stored<T>[]> {
  return storedWhere(
    ports,
    key,
    [
      { path: 'type', is: '=', value: type },
      { path: 'recycled.group', is: '=', value: group },
    ],
    schema,
  );
}
