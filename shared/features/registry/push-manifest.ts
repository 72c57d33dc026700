import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { once } from '../../core/documents/once.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { RegistryPorts } from './ports.ts';
import { attemptPush, beginPush, pushedDigest } from './push-attempt.ts';
import type { ManifestPush } from './push-situation.ts';

export interface Pushed {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
}

/**
 * Pushes a manifest: manifest, tags, referrer edge and events in one transaction; the events are published after it.
 * Throws `RegistryError`: `manifest-invalid`, `too-large`, `too-many-tags`, `digest-invalid`, `manifest-blobs-unknown`,
 * `contended`, `conflict` if the tag is not at the demanded digest, or the refusal of a gate.
 */
export async function pushManifest(ports: RegistryPorts, push: ManifestPush): Promise<Pushed> {
  const [pushed] = await pushManifests(ports, [push]);
  if (pushed === undefined) throw new TypeError('one manifest fits into a transaction');
  return pushed;
}

/**
 * Pushes manifests of one repository in one transaction, all or none, each by its digest, and none twice; one of them
 * may list others. Pushes none, and returns none, if a transaction does not hold them. Throws as `pushManifest` does.
 */
export async function pushManifests(ports: RegistryPorts, pushes: readonly ManifestPush[]): Promise<readonly Pushed[]> {
  const [first] = pushes;
  if (first === undefined) return [];
  const coming = pushes.length === 1 ? undefined : new Set(pushes.map(pushedDigest));
  const entry = once(() => ports.entries.open(first.key));
  const pushing = await Promise.all(pushes.map((push) => beginPush(ports, push, { coming, entry })));
  const done = await untilUncontended(`${first.key.repository}:${first.reference}`, () => attemptPush(ports, pushing));
  if (done === 'too large') return [];
  await Promise.all([
    publishCommitted(ports, first.key, done.events),
    ...pushing.slice(0, 1).map(async ({ about }) => announceRepository(ports, first.key, (await about()).entry)),
  ]);
  for (const push of done.reconciles) await reconcileLater(ports, push.push, push.digest);
  return pushing.map(({ digest, manifest }) => ({ digest, subject: manifest.subject?.digest }));
}

/**
 * Marks a new repository as announced. The push is committed: if this fails, the next push records the event again,
 * under the same id.
 */
async function announceRepository(
  ports: RegistryPorts,
  key: RepositoryKey,
  entry: Stored<RepositoryDocument>,
): Promise<void> {
  if (entry.document.announced) return;
  try {
    await ports.entries.announced(key, entry);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, repository: key.repository },
      'a new repository is not marked as announced: the next push records the event of its creation again',
    );
  }
}

/**
 * Reconciles the manifest's neighbours. The push is committed, and has marked the manifest: if this fails, a timer does
 * it.
 */
async function reconcileLater(ports: RegistryPorts, { key, cause }: ManifestPush, digest: Digest): Promise<void> {
  try {
    await ports.bin.reconcile(key, digest, cause);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, repository: key.repository, digest },
      'the neighbours of a pushed manifest are not reconciled yet: a timer does it',
    );
  }
}
