import pLimit from 'p-limit';
import type { BinnedDocument, BinnedTag } from '../../core/documents/bin.ts';
import {
  binnedDocumentSchema,
  binnedRef,
  binnedTagId,
  binnedTagSchema,
  unbinManifest,
  unbinTag,
} from '../../core/documents/bin.ts';
import { removing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { childrenOf, holdChange, manifestRef, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { firstOf, pagesOf, storedOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { isRecorded, publishCommitted, recordEvent } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { waitAWhile } from './after.ts';
import { restoredEvent } from './deletion.ts';
import { reconcileMarkChange } from './documents.ts';
import type { ReconcilingPorts, StorePorts } from './ports.ts';
import { binnedAmong, restoreTogether } from './restore-together.ts';

/**
 * A batch holds 100 changes: 2 of a manifest, its edge, its mark and its event, 2 for each tag, and the children that
 * it holds.
 */
const tagsAtOnce = 20;
const childrenHeld = 50;
const childrenAtOnce = 8;

/**
 * Restores a manifest as it was, with the tags, children and referrers that were recycled along with it. A tag whose
 * name has another manifest by now stays in the recycle bin. `false` if the manifest is not in the recycle bin. Called
 * again after a crash, it goes on. Throws `RegistryError` (`contended`), `StoreFailure`.
 */
export async function restoreManifest(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<boolean> {
  await ports.openRepository(key);
  if (!(await restoreItself(ports, key, digest, cause, 'with its tags'))) return false;
  await waitAWhile(ports, `the surroundings of ${key.repository}@${digest}`, ports.reconcile(key, digest, cause));
  return true;
}

/**
 * Restores children first, so that no index is ever live without them, then the manifest itself, then its other
 * neighbours.
 */
export async function restoreWithoutTags(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
): Promise<boolean> {
  if (!(await restoreItself(ports, key, digest, cause))) return false;
  await ports.reconcile(key, digest, cause);
  return true;
}

async function restoreItself(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
  tags?: 'with its tags',
): Promise<boolean> {
  const events = await untilUncontended(`${key.repository}@${digest}`, () =>
    tryRestore(ports, key, digest, cause, tags),
  );
  if (events === 'not there') return false;
  await publishCommitted(ports, key, events);
  return true;
}

async function tryRestore(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
  withTags?: 'with its tags',
): Promise<CloudEvent[] | 'not there' | undefined> {
  const binned = await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest));
  if (binned === undefined) return 'not there';
  const live = await ports.documents.readDocument(manifestRef(key, digest));
  const held = live === undefined ? await holdChildren(ports, key, binned.document, cause) : [];
  const { group } = binned.document.recycled;
  const tags = withTags === undefined ? [] : await tagsAlong(ports, key, digest, group);
  const event = restoredEvent(ports, key, cause, group, {
    manifests: [binned.document],
    tags: tags.map(({ document }) => document),
  });
  const itself: DocumentChange[] =
    live === undefined
      ? unbinManifest(binned, ports.clock.now())
      : [removing(binned), holdChange(digest, ports.clock.now())];
  const mark = reconcileMarkChange(key, digest, ports.clock.now(), withTags === undefined ? undefined : group);
  const { committed } = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    ...itself,
    ...held,
    ...tags.flatMap(unbinTag),
    mark,
    recordEvent(key, event),
  ]);
  return committed || (await isRecorded(ports.documents, key, event)) ? [event] : undefined;
}

/**
 * Makes the changes that hold the children of an index, all of which are live by now. A child that is nowhere any more
 * was deleted by its own name.
 */
async function holdChildren(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  index: BinnedDocument,
  cause: Cause,
): Promise<DocumentChange[]> {
  const children = [...new Set(childrenOf(index))];
  if (children.length === 0) return [];
  await restoreTogether(ports, key, await binnedAmong(ports, key, children), cause, {
    one: (digest) => restoreWithoutTags(ports, key, digest, cause),
  });
  const limit = pLimit(childrenAtOnce);
  const live = await Promise.all(children.map((child) => limit(() => makeLive(ports, key, child, cause))));
  return children
    .filter((_, at) => live[at])
    .slice(0, childrenHeld)
    .map((child) => holdChange(child, ports.clock.now()));
}

/**
 * Restores a child if needed; `false` if it is neither live nor in the recycle bin. It may be moving either way, so it
 * counts as gone only if the reads before and after the one of the recycle bin miss it.
 */
function makeLive(ports: ReconcilingPorts, key: RepositoryKey, digest: Digest, cause: Cause): Promise<boolean> {
  const isLive = async () => (await ports.documents.readDocument(manifestRef(key, digest))) !== undefined;
  return untilUncontended(`${key.repository}@${digest}`, async () => {
    if (await isLive()) return true;
    if ((await restoreWithoutTags(ports, key, digest, cause)) || (await isLive())) return undefined;
    return false;
  });
}

/**
 * Restores the tags of one deletion that were recycled along with a manifest, which is live. Returns whether any was
 * restored.
 */
export async function restoreTagsOf(
  ports: StorePorts,
  key: RepositoryKey,
  digest: Digest,
  group: string,
  cause: Cause,
): Promise<boolean> {
  let came = false;
  for (let more = true; more; came ||= more) {
    const events = await untilUncontended(`the tags of ${key.repository}@${digest}`, async () => {
      const tags = await tagsAlong(ports, key, digest, group);
      return tags.length === 0 ? [] : tagsBack(ports, key, digest, tags, cause);
    });
    more = events.length > 0;
    if (more) await publishCommitted(ports, key, events);
  }
  return came;
}

/**
 * Restores one tag by name, whatever it was recycled with, and its manifest first. Throws as `restoreManifest` does.
 */
export async function restoreTag(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  digest: Digest,
  tag: Tag,
  cause: Cause,
): Promise<'restored' | 'taken' | 'not there'> {
  await ports.openRepository(key);
  await restoreWithoutTags(ports, key, digest, cause);
  const events = await untilUncontended(`${key.repository}:${tag}`, async () => {
    const ref = { ...binnedRef(key, digest), id: binnedTagId(digest, tag) };
    const [binned, taken] = await Promise.all([
      readStored(ports.documents, binnedTagSchema, ref),
      ports.documents.readDocument(tagRef(key, tag)),
    ]);
    if (binned === undefined) return 'not there';
    return taken === undefined ? tagsBack(ports, key, digest, [binned], cause) : 'taken';
  });
  if (typeof events === 'string') return events;
  if (events.length === 0) return 'not there';
  await publishCommitted(ports, key, events);
  return 'restored';
}

/**
 * Restores tags and holds their manifest, which changes its etag: a deletion of the manifest that runs at the same time
 * then sees the tags. Returns no events if the manifest is not live.
 */
async function tagsBack(
  ports: StorePorts,
  key: RepositoryKey,
  digest: Digest,
  tags: readonly Stored<BinnedTag>[],
  cause: Cause,
): Promise<CloudEvent[] | undefined> {
  const [first] = tags;
  const event = restoredEvent(ports, key, cause, first?.document.recycled.group ?? '', {
    manifests: [],
    tags: tags.map(({ document }) => document),
  });
  const outcome = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    holdChange(digest, ports.clock.now()),
    ...tags.flatMap(unbinTag),
    recordEvent(key, event),
  ]);
  if (outcome.committed || (await isRecorded(ports.documents, key, event))) return [event];
  return outcome.index === 0 ? [] : undefined;
}

/**
 * Returns tags of a digest that were recycled along with it in this deletion and whose names are free, as many as one
 * transaction restores. It reads no more than that takes: an image may have thousands.
 */
async function tagsAlong(
  { documents }: StorePorts,
  key: RepositoryKey,
  digest: Digest,
  group: string,
): Promise<Stored<BinnedTag>[]> {
  const free: Stored<BinnedTag>[] = [];
  for await (const page of pagesOf(documents, binnedTagsQuery(key, digest, tagsAtOnce))) {
    const along = page
      .map((found) => parseStored(binnedTagSchema, found, { container: 'repositories' }))
      .filter(({ document: { recycled } }) => recycled.group === group && !recycled.asked);
    const taken = await Promise.all(along.map(({ document }) => documents.readDocument(tagRef(key, document.name))));
    free.push(...along.filter((_, index) => taken[index] === undefined));
    if (free.length >= tagsAtOnce) break;
  }
  return free.slice(0, tagsAtOnce);
}

/** Returns the tags in the recycle bin that pointed at a digest, all or the first, in the order of their names. */
export function binnedTagsOf(
  { documents }: Pick<StorePorts, 'documents'>,
  key: RepositoryKey,
  digest: Digest,
  most = Infinity,
): Promise<Stored<BinnedTag>[]> {
  return firstOf(most, storedOf(documents, binnedTagsQuery(key, digest, Math.min(most, 100)), binnedTagSchema));
}

function binnedTagsQuery(key: RepositoryKey, digest: Digest, limit: number): WholeQuery {
  return {
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'starts-with', value: binnedTagId(digest) }],
    orderBy: { path: 'id', direction: 'asc' },
    limit,
  };
}
