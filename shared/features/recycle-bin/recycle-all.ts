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
import type { TakenBy } from '../../core/ports/bin.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { Deletion } from './deletion.ts';
import { beginDeletion } from './deletion.ts';
import { manifestsAtOnce, moveInto, tagsAtOnce, transactionsOf } from './move.ts';
import type { BinPorts } from './ports.ts';
import { purgeUnlessKept } from './recycle.ts';

/** The request waits for these. */
const batchesAtOnce = 4;

interface Gone {
  readonly manifests: Digest[];
  readonly tags: Tag[];
}

/**
 * Moves all that a repository holds into the bin, batch by batch; asked again after a crash it goes on. Tags first, so
 * that none is ever left without its manifest. Nothing is left that could keep anything, so nothing is settled but by
 * the marks. Throws `RegistryError`: `disallowed`, `contended`.
 */
export async function recycleAll(ports: BinPorts, key: RepositoryKey, by: TakenBy): Promise<Gone> {
  await requireNothingLocked(ports, key);
  const deletion = await beginDeletion(ports, key, by);
  const gone: Gone = { manifests: [], tags: [] };
  for (const step of [takeTags, takeManifests]) {
    for (let done = false; !done;)
      done = await untilUncontended(`repository ${key.repository}`, () => step(ports, deletion, gone));
  }
  await purgeUnlessKept(ports, deletion);
  return gone;
}

/**
 * Looked up before anything goes: a lock that is known is no reason to stop halfway. What is in the bin has none of
 * these.
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

/** One batch of tags, then `false`; `true` when there is none, `undefined` when somebody else wrote in between. */
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
 * As `takeTags`. Tags are looked for between reading the manifests and moving them: a push that tags one moves its
 * etag.
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
 * Each in a transaction of its own, so no order matters among them. `undefined` when somebody else wrote to any of them
 * in between: look again.
 */
async function sideBySide<T>(batches: readonly T[], move: (batch: T) => Promise<boolean>): Promise<false | undefined> {
  const moved = await Promise.all(batches.map(move));
  return moved.includes(false) ? undefined : false;
}

async function query(ports: BinPorts, key: RepositoryKey, where: readonly Predicate[], limit: number) {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  return { container, partition, ...(await ports.documents.queryDocuments({ container, partition, where, limit })) };
}
