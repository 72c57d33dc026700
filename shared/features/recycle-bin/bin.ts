import { binnedDocumentSchema, binnedRef, binnedTagSchema } from '../../core/documents/bin.ts';
import { listerOf } from '../../core/documents/listers.ts';
import { childrenOf } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RecycleBin } from '../../core/ports/bin.ts';
import { waitAWhile } from './after.ts';
import { reconcileMarkChange } from './documents.ts';
import type { BinPorts } from './ports.ts';
import { reconcile, reconcilingWith } from './reconcile.ts';
import { recycleManifest, recycleTag } from './recycle.ts';
import { recycleAll } from './recycle-all.ts';
import { restoreManifest, restoreTag } from './restore.ts';
import { binnedAmong } from './restore-together.ts';

/** Makes the recycle bin as the data plane uses it. */
export function recycleBin(ports: BinPorts): RecycleBin {
  return {
    recycleManifest: (key, digest, by) => recycleManifest(ports, key, digest, by),
    recycleTag: (key, tag, by, onlyIfAt) => recycleTag(ports, key, tag, by, onlyIfAt),
    recycleAll: (key, by) => recycleAll(ports, key, by),
    reviveForPull: (key, reference, cause) => reviveForPull(ports, key, reference, cause),
    reviveForPush: (key, digest, cause, mayRestore) => reviveForPush(ports, key, digest, cause, mayRestore),
    listerOf: (key, blob) => listerOf(ports, key, blob),
    restoreManifest: (key, digest, cause) => restoreManifest(reconcilingWith(ports), key, digest, cause),
    restoreTag: (key, digest, tag, cause) => restoreTag(reconcilingWith(ports), key, digest, tag, cause),
    reconcileMark: (key, digest) => reconcileMarkChange(key, digest, ports.clock.now()),
    reconcile: (key, digest, cause) =>
      waitAWhile(ports, `the surroundings of ${key.repository}@${digest}`, reconcile(ports, key, digest, cause)),
  };
}

/**
 * Restores for a pull. It costs a pull that found nothing one read, or for a tag one query; a pull that finds its
 * manifest never calls it.
 */
async function reviveForPull(
  ports: BinPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  cause: Cause,
): Promise<boolean> {
  if (!(await ports.softDelete.read(key.registry)).restoreOnPull) return false;
  if (!isDigest(reference)) return reviveTag(ports, key, reference, cause);
  const binned = await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, reference));
  if (binned?.document.recycled.by.rule === undefined) return false;
  return restoreManifest(reconcilingWith(ports), key, reference, cause);
}

async function reviveForPush(
  ports: BinPorts,
  key: RepositoryKey,
  digest: Digest,
  cause: Cause,
  mayRestore: boolean,
): Promise<'revived' | 'refused' | 'not there'> {
  if (!mayRestore && (await wasDeleted(ports, key, digest))) return 'refused';
  return (await restoreManifest(reconcilingWith(ports), key, digest, cause)) ? 'revived' : 'not there';
}

/**
 * Returns whether a user, and no policy, deleted the manifest, or anything that an index in the recycle bin would
 * restore along with itself.
 */
async function wasDeleted(ports: BinPorts, key: RepositoryKey, digest: Digest): Promise<boolean> {
  const binned = await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest));
  if (binned === undefined) return false;
  if (binned.document.recycled.by.rule === undefined) return true;
  return wasAnyDeleted(ports, key, childrenOf(binned.document));
}

/** Checks the children in the recycle bin: one query for a hundred digests. */
async function wasAnyDeleted(ports: BinPorts, key: RepositoryKey, digests: readonly Digest[]): Promise<boolean> {
  if (digests.length === 0) return false;
  const binned = await binnedAmong(ports, key, digests);
  if (binned.some(({ document }) => document.recycled.by.rule === undefined)) return true;
  return wasAnyDeleted(
    ports,
    key,
    binned.flatMap(({ document }) => childrenOf(document)),
  );
}

/** Restores the tag as a policy recycled it last. */
async function reviveTag(ports: BinPorts, key: RepositoryKey, tag: Tag, cause: Cause): Promise<boolean> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const page = await ports.documents.queryDocuments({
    container,
    partition,
    where: [
      { path: 'byTime', is: 'starts-with', value: 'binned-tag:' },
      { path: 'name', is: '=', value: tag },
    ],
    orderBy: { path: 'byTime', direction: 'desc' },
    limit: 1,
  });
  const [found] = page.documents.map((each) => parseStored(binnedTagSchema, each, { container, partition }).document);
  if (found?.recycled.by.rule === undefined) return false;
  // If the tag was recycled along with its manifest, restoring the manifest has restored it.
  const back = await restoreManifest(reconcilingWith(ports), key, found.digest, cause);
  return (await restoreTag(reconcilingWith(ports), key, found.digest, tag, cause)) === 'restored' || back;
}
