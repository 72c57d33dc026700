import { inBatches } from '../../core/documents/batches.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { manifestDocumentSchema, tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { Deletion } from './deletion.ts';
import { beginDeletion, withGone } from './deletion.ts';
import { manifestsAtOnce, moveInto, tagsAtOnce, transactionsOf } from './move.ts';
import type { BinPorts } from './ports.ts';
import { purgeUnlessKept } from './recycle.ts';

/** The batches that run side by side, for the request waits for them. */
const batchesAtOnce = 4;

interface Gone {
  readonly manifests: Digest[];
  readonly tags: Tag[];
}

/**
 * Recycles all that a repository holds, batch by batch; called again after a crash, it goes on. Tags are first, so that
 * none is ever left without its manifest. Nothing remains that could keep anything, so the marks alone are reconciled.
 * Throws `RegistryError`: `disallowed`, `contended`.
 */
export async function recycleAll(ports: BinPorts, key: RepositoryKey, by: RecycledBy): Promise<Gone> {
  await requireNothingLocked(ports, key);
  const deletion = await beginDeletion(ports, key, by);
  const gone: Gone = { manifests: [], tags: [] };
  try {
    for (const step of [takeTags, takeManifests]) {
      for (let done = false; !done;)
        done = await untilUncontended(`repository ${key.repository}`, () => step(ports, deletion, gone));
    }
  } catch (error) {
    throw withGone(error, deletion, { tags: gone.tags.length, manifests: gone.manifests.length });
  }
  await purgeUnlessKept(ports, deletion);
  return gone;
}

/**
 * Refuses a repository that holds a lock before anything is recycled, so that a known lock stops nothing halfway.
 * Documents in the recycle bin have no such attributes at this path.
 */
async function requireNothingLocked(ports: BinPorts, key: RepositoryKey): Promise<void> {
  const attributes = ['deleteEnabled', 'writeEnabled'] as const;
  const locked = await Promise.all(
    attributes.map((attribute) => query(ports, key, [{ path: `attributes.${attribute}`, is: '=', value: false }], 1)),
  );
  for (const [index, { documents }] of locked.entries()) {
    const [first] = documents;
    if (first !== undefined)
      throw new RegistryError({
        is: 'disallowed',
        what: first.document.id.replace(':', ' '),
        attribute: attributes[index] ?? 'deleteEnabled',
      });
  }
}

/**
 * Recycles one batch of tags. Returns `false` after a batch, `true` if there is none, `undefined` if somebody else
 * wrote in between.
 */
async function takeTags(ports: BinPorts, deletion: Deletion, gone: Gone): Promise<boolean | undefined> {
  const page = await query(
    ports,
    deletion.key,
    [{ path: 'id', is: 'starts-with', value: 'tag:' }],
    tagsAtOnce * batchesAtOnce,
  );
  const tags = page.documents.map((found) => parseStored(tagDocumentSchema, found, page));
  if (tags.length === 0) return page.continuation === undefined;
  for (const { document: tag } of tags)
    ports.admission.require({ operation: 'delete', key: deletion.key, asker: deletion.asker, tag });
  return sideBySide(inBatches(tags, tagsAtOnce), async (some) => {
    const events = await moveInto(ports, deletion, {
      manifests: [],
      tags: some.map((tag) => ({ ...tag, asked: false })),
    });
    if (events === undefined) return false;
    await publishCommitted(ports, deletion.key, events);
    gone.tags.push(...some.map(({ document }) => document.name));
    return true;
  });
}

/**
 * Recycles manifests as `takeTags` does tags. Tags are queried between reading the manifests and moving them: a push
 * that tags one of them changes its etag.
 */
async function takeManifests(ports: BinPorts, deletion: Deletion, gone: Gone): Promise<boolean | undefined> {
  const page = await query(
    ports,
    deletion.key,
    [{ path: 'id', is: 'starts-with', value: 'manifest:' }],
    manifestsAtOnce * batchesAtOnce,
  );
  const found = page.documents.map((each) => parseStored(manifestDocumentSchema, each, page));
  if (found.length === 0) return page.continuation === undefined;
  const untagged = await takeTags(ports, deletion, gone);
  if (untagged !== true) return untagged;
  for (const { document: manifest } of found)
    ports.admission.require({ operation: 'delete', key: deletion.key, asker: deletion.asker, manifest });
  return sideBySide(transactionsOf(found), async (manifests) => {
    const events = await moveInto(ports, deletion, {
      manifests: manifests.map((manifest) => ({ ...manifest, asked: true })),
      tags: [],
    });
    if (events === undefined) return false;
    await publishCommitted(ports, deletion.key, events);
    gone.manifests.push(...manifests.map(({ document }) => document.digest));
    return true;
  });
}

/**
 * Moves each batch in a transaction of its own, so their order does not matter. `undefined` if somebody else wrote to
 * any of them in between: the caller reads again.
 */
async function sideBySide<T>(batches: readonly T[], move: (batch: T) => Promise<boolean>): Promise<false | undefined> {
  const moved = await Promise.all(batches.map(move));
  return moved.includes(false) ? undefined : false;
}

async function query(ports: BinPorts, key: RepositoryKey, where: readonly Predicate[], limit: number) {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  return { container, partition, ...(await ports.documents.queryDocuments({ container, partition, where, limit })) };
}
