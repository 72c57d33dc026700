import { inBatches } from '../../core/documents/batches.ts';
import type { BinnedDocument } from '../../core/documents/bin.ts';
import { binnedDocumentSchema, binnedRef } from '../../core/documents/bin.ts';
import { patching, removing, written } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { everyOne } from '../../core/documents/in-repository.ts';
import { storedWhere } from '../../core/documents/in-repository.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import {
  childrenOf,
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import { causeOfBackground } from '../../core/events/background.ts';
import { deleteEvents } from '../../core/events/delete-events.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { ReconcileMark } from './documents.ts';
import { reconcileMarkRef, reconcileMarkSchema, takeoverFrom } from './documents.ts';
import { keeperOf, staysBehind, wasOrdered } from './kept.ts';
import { manifestsAtOnce } from './move.ts';
import { moveInto } from './move.ts';
import type { GoesOn, ReconcilingPorts, StorePorts } from './ports.ts';
import { restoreTagsOf, restoreWithoutTags } from './restore.ts';
import { binnedAmong, restoreTogether } from './restore-together.ts';
import { recycleNamed, recycleSignatures, restoreSignatures } from './signatures.ts';
import { recycleTogether } from './together.ts';

/**
 * Reconciles the neighbours of a manifest with whether it is live. All children of a live one are live, and all
 * referrers that were recycled along with something and do not stay behind; the children and referrers of a recycled
 * one that nothing keeps are recycled. It goes by the documents and not by what was requested, so it is right in any
 * order of deletions, restores and pushes, and goes on after a crash.
 *
 * The transaction that restores or recycles a manifest also writes a mark that it is to be reconciled; only then are
 * neighbours read. If two processes change neighbours at the same time, the one that reads last sees both changes. The
 * mark is deleted only if a pass found nothing and nobody wrote the mark since.
 */
export async function reconcile(ports: StorePorts, key: RepositoryKey, digest: Digest, cause?: Cause): Promise<void> {
  await untilUncontended(`the surroundings of ${digest}`, async () => {
    const mark = await readStored(ports.documents, reconcileMarkSchema, reconcileMarkRef(key, digest));
    if (mark === undefined) return 'reconciled';
    let ours = mark;
    // A mark that somebody else has written is not renewed: it stays, and is handled again.
    const goesOn = async () => {
      const outcome = await ports.documents.commitDocuments('repositories', partitionOf(key), [
        patching(ours, { dueAt: takeoverFrom(ports.clock.now()) }),
      ]);
      ours = written(outcome, mark.document) ?? ours;
    };
    const reconciling = reconcilingWith(ports);
    for (let changed = true; changed;) changed = await reconcileOnce(reconciling, key, mark.document, cause, goesOn);
    const outcome = await ports.documents.commitDocuments('repositories', partitionOf(key), [removing(ours)]);
    return outcome.committed || outcome.because === 'absent' ? 'reconciled' : undefined;
  });
}

/** Gives the ports of a part of reconciling, by which it has neighbours reconciled in turn. */
export function reconcilingWith(ports: StorePorts): ReconcilingPorts {
  return { ...ports, reconcile: (key, digest, cause) => reconcile(ports, key, digest, cause) };
}

/** Makes one pass. Returns whether it changed anything. */
async function reconcileOnce(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  { digest, tagsOf }: ReconcileMark,
  cause: Cause | undefined,
  goesOn: GoesOn,
): Promise<boolean> {
  const [live, binned] = await Promise.all([
    readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)),
    readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest)),
  ]);
  if (live !== undefined)
    return reconcileLive(ports, key, live.document, tagsOf, cause ?? causeOfBackground(ports, 'longshore'), goesOn);
  if (binned === undefined) return false;
  return reconcileRecycled(
    ports,
    key,
    binned.document,
    cause ?? causeOfBackground(ports, binned.document.recycled.by.actor),
    goesOn,
  );
}

async function reconcileLive(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  tagsOf: string | undefined,
  cause: Cause,
  goesOn: GoesOn,
): Promise<boolean> {
  let changed = tagsOf !== undefined && (await restoreTagsOf(ports, key, manifest.digest, tagsOf, cause));
  const one = (digest: Digest) => restoreWithoutTags(ports, key, digest, cause);
  const children = await binnedAmong(ports, key, childrenOf(manifest));
  if (children.length > 0) changed = (await restoreTogether(ports, key, children, cause, { one, goesOn })) || changed;
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'binned' },
    { path: 'subject', is: '=', value: manifest.digest },
  ];
  const referrers = (await storedWhere(ports, key, where, binnedDocumentSchema)).filter(
    ({ document }) => !wasOrdered(document) && !staysBehind(document, manifest),
  );
  changed = (await restoreTogether(ports, key, referrers, cause, { one, goesOn })) || changed;
  return (await restoreSignatures(ports, key, manifest, cause, goesOn)) || changed;
}

async function reconcileRecycled(
  ports: ReconcilingPorts,
  key: RepositoryKey,
  binned: BinnedDocument,
  cause: Cause,
  goesOn: GoesOn,
): Promise<boolean> {
  if (!wasOrdered(binned) && (await keeperOf(ports, key, binned)) !== undefined)
    return restoreWithoutTags(ports, key, binned.digest, cause);
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'referrer' },
    { path: 'subject', is: '=', value: binned.digest },
  ];
  const referrers = await everyOne(ports, key, where, referrerDocumentSchema);
  let changed = await recycleSignatures(ports, key, binned, cause, goesOn);
  const referring = new Set(referrers.map((edge) => edge.digest));
  const around = [...new Set([...childrenOf(binned), ...referring])];
  for (const [at, some] of inBatches(around, manifestsAtOnce).entries()) {
    if (at > 0) await goesOn();
    const { moved, left, tagged } = await recycleTogether(ports, key, binned, some, cause);
    for (const digest of left) {
      if (moved.includes(digest)) await reconcile(ports, key, digest, cause);
      else changed = (await recycleAlong(ports, key, binned, digest, cause)) || changed;
    }
    changed ||= moved.length > 0;
    // A referrer's tag may name another manifest that was deleted before: its last reason to stay is gone then.
    const named = tagged.filter((digest) => referring.has(digest));
    changed = (await recycleNamed(ports, key, binned, named, cause, goesOn)) || changed;
  }
  return changed;
}

/**
 * Recycles a manifest that nothing keeps along with `from`, and reconciles it in turn. A tag of its own keeps it, so it
 * has none.
 */
async function recycleAlong(
  ports: StorePorts,
  key: RepositoryKey,
  from: BinnedDocument,
  digest: Digest,
  cause: Cause,
): Promise<boolean> {
  const taking = { ...from.recycled, recycledAt: ports.clock.now().toISOString(), dueAt: from.dueAt };
  const taken = await untilUncontended(`${key.repository}@${digest}`, async () => {
    const manifest = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
    if (manifest === undefined || !ports.admission.allows({ operation: 'delete', key, manifest: manifest.document }))
      return 'stays';
    if ((await keeperOf(ports, key, manifest.document)) !== undefined) return 'stays';
    return moveInto(
      ports,
      { key, taking, cause, makeEvents: deleteEvents(ports, key, cause) },
      { manifests: [{ ...manifest, asked: false }], tags: [] },
    );
  });
  if (taken === 'stays') return false;
  await publishCommitted(ports, key, taken);
  await reconcile(ports, key, digest, cause);
  return true;
}
