import { aboutName } from '../../core/documents/about.ts';
import { inBatches } from '../../core/documents/batches.ts';
import type { BinnedDocument } from '../../core/documents/bin.ts';
import { binnedDocumentSchema, binnedTagSchema, unbinManifest } from '../../core/documents/bin.ts';
import { storedAmong, storedWhere } from '../../core/documents/in-repository.ts';
import { childrenOf, manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { publishCommitted, recordEvent } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { restoredEvent } from './deletion.ts';
import { reconcileMarkChange, reconcileMarkSchema } from './documents.ts';
import { transactionsOf } from './move.ts';
import type { GoesOn, ReconcilingPorts, StorePorts } from './ports.ts';
import type { Along } from './together.ts';
import { deleteMarks } from './together.ts';

/** The manifests that are restored side by side, each with all that belongs to it. */
const aloneAtOnce = 8;
const queriedAtOnce = 100;

/** Returns those of several digests that are in the recycle bin. */
export async function binnedAmong(
  ports: StorePorts,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<Stored<BinnedDocument>[]> {
  const found = await Promise.all(
    inBatches([...new Set(digests)], queriedAtOnce).map((some) =>
      storedAmong(ports, key, 'binned', some, binnedDocumentSchema),
    ),
  );
  return found.flat();
}

/**
 * Restores manifests without their tags. Those of one deletion that list no others are restored in one transaction for
 * each batch, because an image may have thousands of referrers. Manifests that list others, and those that were written
 * to in between, are restored after them by `one`, which is `restoreWithoutTags`. `goesOn` is called between batches. Returns
 * whether anything was restored.
 */
export async function restoreTogether(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  binned: readonly Stored<BinnedDocument>[],
  cause: Cause,
  { one, goesOn }: { readonly one: (digest: Digest) => Promise<boolean>; readonly goesOn?: GoesOn },
): Promise<boolean> {
  const hasChildren = ({ document }: Stored<BinnedDocument>) => childrenOf(document).length > 0;
  const alone = binned.filter(hasChildren).map(({ document }) => document.digest);
  let changed = false;
  for (const batch of batchesOf(binned.filter((each) => !hasChildren(each)))) {
    const { moved, left } = await restoreBatch(ports, key, batch, cause);
    for (const digest of left.filter((each) => moved.includes(each))) await ports.reconcile(key, digest, cause);
    alone.push(...left.filter((each) => !moved.includes(each)));
    changed ||= moved.length > 0;
    await goesOn?.();
  }
  for (const some of inBatches(alone, aloneAtOnce)) {
    const came = await Promise.all(some.map(one));
    changed ||= came.includes(true);
    await goesOn?.();
  }
  return changed;
}

/** Splits manifests into batches of one deletion each, for the event names the deletion. */
function batchesOf(binned: readonly Stored<BinnedDocument>[]): Stored<BinnedDocument>[][] {
  return [...Map.groupBy(binned, ({ document }) => document.recycled.group).values()].flatMap((ofGroup) =>
    transactionsOf(ofGroup),
  );
}

async function restoreBatch(
  ports: StorePorts,
  key: RepositoryKey,
  batch: readonly Stored<BinnedDocument>[],
  cause: Cause,
): Promise<Along> {
  const manifests = batch.map(({ document }) => document);
  const digests = manifests.map(({ digest }) => digest);
  const now = ports.clock.now();
  const event = restoredEvent(ports, key, cause, manifests[0]?.recycled.group ?? '', { manifests, tags: [] });
  const changes = batch.flatMap((each) => [
    ...unbinManifest(each, now),
    reconcileMarkChange(key, each.document.digest, now),
  ]);
  const { committed } = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    ...changes,
    recordEvent(key, event),
  ]);
  if (!committed) return { moved: [], left: digests };
  await publishCommitted(ports, key, [event]);
  return { moved: digests, left: await reconcileLiveTogether(ports, key, digests) };
}

/**
 * Reconciles restored manifests as `reconcileTogether` does recycled ones: the marks are read before the neighbours, and
 * deleted by their etags afterwards. Returns the digests that are not reconciled by this.
 */
async function reconcileLiveTogether(
  ports: StorePorts,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<Digest[]> {
  const marks = await storedAmong(ports, key, 'unsettled', digests, reconcileMarkSchema);
  const lonely = await lonelyAmongLive(ports, key, digests);
  const reconciled = marks.filter(({ document }) => lonely.has(document.digest) && document.tagsOf === undefined);
  const left = digests.filter((digest) => !reconciled.some(({ document }) => document.digest === digest));
  return (await deleteMarks(ports, key, reconciled)) ? left : [...digests];
}

/**
 * Returns those that are live, list nothing, and have nothing in the recycle bin that may be restored with them: no
 * referrer, and no tag that names them.
 */
async function lonelyAmongLive(
  ports: StorePorts,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<Set<Digest>> {
  const [live, referrers, tags] = await Promise.all([
    storedAmong(ports, key, 'manifest', digests, manifestDocumentSchema),
    storedWhere(
      ports,
      key,
      [
        { path: 'type', is: '=', value: 'binned' },
        { path: 'subject', is: 'in', values: digests },
      ],
      binnedDocumentSchema,
    ),
    storedWhere(
      ports,
      key,
      [
        { path: 'type', is: '=', value: 'binned-tag' },
        { path: 'about', is: 'in', values: digests.map(aboutName) },
      ],
      binnedTagSchema,
    ),
  ]);
  const around = new Set<string>([
    ...referrers.flatMap(({ document }) => document.subject ?? []),
    ...tags.flatMap(({ document }) => document.about ?? []),
  ]);
  return new Set(
    live
      .filter(
        ({ document }) =>
          childrenOf(document).length === 0 && !around.has(document.digest) && !around.has(aboutName(document.digest)),
      )
      .map(({ document }) => document.digest),
  );
}
