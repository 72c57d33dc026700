import { Crash } from '../../shared/adapters/memory/crash.ts';
import type { Digest } from '../../shared/core/oci/digest.ts';
import { parseDigest } from '../../shared/core/oci/digest.ts';
import { RegistryError } from '../../shared/core/oci/faults.ts';
import type { Tag } from '../../shared/core/oci/name.ts';
import { recycle } from '../../shared/features/recycle-bin/recycle.ts';
import { deletedBlob } from '../../shared/features/registry/delete-blob.ts';
import { deleteManifest } from '../../shared/features/registry/delete-manifest.ts';
import { finishUpload } from '../../shared/features/registry/finish-upload.ts';
import { relyOnLink } from '../../shared/features/registry/links.ts';
import { mountBlob } from '../../shared/features/registry/mount.ts';
import { pushManifest } from '../../shared/features/registry/push-manifest.ts';
import { pullManifest } from '../../shared/features/registry/read-manifest.ts';
import { blockId } from '../../shared/features/registry/stage-body.ts';
import { blockPrefix, newUpload, physicalName } from '../../shared/features/registry/upload-state.ts';
import type { SimulatedManifest } from './images.ts';
import { blobs, manifestBy, manifests } from './images.ts';
import { markDelivered, runDuePolicies } from './policy.ts';
import type { Actor, Simulated } from './world.ts';
import { cause, keyOf, runDue } from './world.ts';

const asker = {
  request: new Request('http://registry.test/'),
  caller: { actor: 'simulation', may: () => true },
};

/** Indexes of repositories, manifests (`images.ts`) and blobs. */
export type Operation =
  | { readonly do: 'push'; readonly repository: number; readonly manifest: number; readonly tag?: string }
  | { readonly do: 'upload' | 'look' | 'mount' | 'unlink'; readonly repository: number; readonly blob: number }
  | { readonly do: 'delete' | 'restore' | 'pull'; readonly repository: number; readonly manifest: number }
  | { readonly do: 'untag'; readonly repository: number; readonly tag: string }
  | { readonly do: 'recycle'; readonly repository: number; readonly manifest: number; readonly tags: readonly string[] }
  | { readonly do: 'drop'; readonly repository: number }
  | { readonly do: 'collect' | 'mark' | 'policies' };

export type Outcome = 'done' | 'refused' | 'crashed';

/** `refused` when the registry answered with an error of its own; anything else that is thrown is a bug. */
export async function perform(simulated: Simulated, actor: Actor, operation: Operation): Promise<Outcome> {
  try {
    return (await performed(simulated, actor, operation)) ? 'done' : 'refused';
  } catch (error) {
    if (error instanceof Crash) return 'crashed';
    if (error instanceof RegistryError) return 'refused';
    throw error;
  }
}

async function performed(simulated: Simulated, actor: Actor, operation: Operation): Promise<boolean> {
  switch (operation.do) {
    case 'push':
      await push(actor, operation.repository, manifestAt(operation.manifest), operation.tag as Tag | undefined);
      return true;
    case 'upload':
      await upload(actor, operation.repository, operation.blob);
      return true;
    case 'look':
      return (
        (await relyOnLink(actor.registry, keyOf(operation.repository), blobAt(operation.blob).digest)) !== undefined
      );
    case 'mount':
      return mountBlob(
        actor.registry,
        keyOf(1 - operation.repository),
        keyOf(operation.repository),
        blobAt(operation.blob).digest,
      );
    case 'unlink':
      await deletedBlob(actor.registry, keyOf(operation.repository), blobAt(operation.blob).digest, asker);
      return true;
    case 'delete':
      await deleteManifest(actor.registry, keyOf(operation.repository), manifestAt(operation.manifest).digest, {
        cause,
      });
      return true;
    case 'untag':
      await deleteManifest(actor.registry, keyOf(operation.repository), operation.tag as Tag, { cause });
      return true;
    case 'recycle':
      return policy(actor, operation);
    case 'drop':
      await actor.registry.bin.recycleAll(keyOf(operation.repository), { cause });
      return true;
    case 'restore':
      return actor.registry.bin.restoreManifest(
        keyOf(operation.repository),
        manifestAt(operation.manifest).digest,
        cause,
      );
    case 'pull':
      await pullManifest(actor.registry, keyOf(operation.repository), manifestAt(operation.manifest).digest, {
        cause,
        asker,
      });
      return true;
    case 'collect':
      await runDue(actor);
      return true;
    case 'mark':
      await markDelivered(actor, simulated);
      return true;
    case 'policies':
      await runDuePolicies(actor);
      return true;
  }
}

async function policy(actor: Actor, operation: Extract<Operation, { do: 'recycle' }>): Promise<boolean> {
  const wanted = {
    manifests: [manifestAt(operation.manifest).digest],
    tags: operation.tags as readonly Tag[],
    isAsJudged: () => true,
  };
  return (await recycle(actor.bin, keyOf(operation.repository), wanted, { cause, rule: 'old' })).manifests.length > 0;
}

/** As a client does: asks for each blob, mounts it from the other repository, or uploads it; children first. */
async function push(actor: Actor, repository: number, manifest: SimulatedManifest, tag?: Tag): Promise<void> {
  for (const child of manifest.children) await push(actor, repository, manifestBy(child));
  for (const digest of manifest.blobs) {
    if ((await relyOnLink(actor.registry, keyOf(repository), digest)) !== undefined) continue;
    if (await mountBlob(actor.registry, keyOf(1 - repository), keyOf(repository), digest)) continue;
    await upload(
      actor,
      repository,
      blobs.findIndex((each) => each.digest === digest),
    );
  }
  const { bytes, mediaType: contentType, digest } = manifest;
  await pushManifest(actor.registry, {
    key: keyOf(repository),
    reference: tag ?? digest,
    tags: [],
    bytes,
    contentType,
    cause,
    mayRestore: actor.mayRestore,
  });
}

async function upload({ registry }: Actor, repository: number, blob: number): Promise<void> {
  const { bytes, digest } = blobAt(blob);
  const started = newUpload(keyOf(repository), registry.ids.nextId(), 'sha256', registry.clock.now());
  const prefix = started.next + blockPrefix(registry.ids.nextId());
  await registry.blobs.stageBlock(physicalName(started), blockId(prefix, 0), bytes);
  await finishUpload(
    registry,
    { ...started, offset: bytes.length, segments: [[prefix, 1]], hash: { is: 'whole', digest } },
    digest,
  );
}

export function manifestAt(index: number): SimulatedManifest {
  const found = manifests[index];
  if (found === undefined) throw new TypeError(`no manifest ${index}`);
  return found;
}

function blobAt(index: number): { readonly bytes: Buffer; readonly digest: Digest } {
  const found = blobs[index];
  if (found === undefined || parseDigest(found.digest) === undefined) throw new TypeError(`no blob ${index}`);
  return found;
}
