import pLimit from 'p-limit';
import type { BlobDocument } from '../../core/documents/blob.ts';
import { patching } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { reconcileImage } from './complete.ts';
import { blobsOf, missingIn, readManifest, withChildren } from './contents.ts';
import type { Copy, Replica, Replicated, WaitingImage } from './documents.ts';
import { copiesQueue, copyRef, copySchema, replicatedRef, replicatedSchema } from './documents.ts';
import { takesEverything } from './filters.ts';
import type { ReplicationPorts } from './ports.ts';
import { aboutImage, isTaken } from './within.ts';

/** An event is handled within 30 s, whatever number of layers and signatures an image has. */
const copiesAtOnce = 8;
const imagesAtOnce = 4;

export type Planned = 'absent' | 'filtered' | 'queued' | 'complete';

/**
 * Plans what a region lacks of an image, as it is now: any order and any number of calls have the same result. Blobs
 * that exist are never copied again, so a tag that moves to the image moves no byte. Throws `StoreFailure`.
 */
export async function planImage(
  ports: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
  replica: Replica,
): Promise<Planned> {
  const { region, settings } = replica;
  const manifest = await readManifest(ports, key, digest);
  if (manifest === undefined) return 'absent';
  if (!(await isTaken(ports, key, manifest, settings.filters))) return 'filtered';
  const blobs = await blobsOf(ports, await withChildren(ports, key, manifest));
  const missing = missingIn(region, blobs);
  // It is written before the copies that it waits for, so that the end of any of them finds it.
  if (
    !(await noteQueued(ports, key, manifest, {
      region,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      isWhole: missing.length === 0,
    }))
  )
    return 'complete';
  const limit = pLimit(copiesAtOnce);
  await Promise.all(
    missing.map((blob) =>
      limit(() => queueCopy(ports, blob, replica, { image: { ...key, digest }, pushedAt: manifest.updatedAt })),
    ),
  );
  if (missing.length > 0) await wake(ports, region);
  return (await reconcileImage(ports, key, digest, region)) ?? 'absent';
}

/**
 * Plans an image as `planImage` does, with its signatures and other referrers: filters leave those out for as long as
 * they leave out the image. Throws `StoreFailure`.
 */
export async function planWithSignatures(
  ports: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
  replica: Replica,
): Promise<void> {
  const planned = await planImage(ports, key, digest, replica);
  if (planned === 'absent' || planned === 'filtered' || takesEverything(replica.settings.filters)) return;
  const limit = pLimit(imagesAtOnce);
  await Promise.all(
    (await aboutImage(ports, key, digest)).map((about) => limit(() => planImage(ports, key, about, replica))),
  );
}

/** Notes that an image is queued; `false` when it was whole before, and still is. */
async function noteQueued(
  { documents, clock }: ReplicationPorts,
  key: RepositoryKey,
  { digest, updatedAt }: ManifestDocument,
  found: { region: string; bytes: number; isWhole: boolean },
): Promise<boolean> {
  const { region, bytes, isWhole } = found;
  const ref = replicatedRef(key, digest, region);
  const there = await readStored(documents, replicatedSchema, ref);
  if (there?.document.state === 'queued') return true;
  if (there?.document.state === 'complete' && isWhole) return false;
  const document: Replicated = {
    id: ref.id,
    type: 'replicated',
    schemaVersion: 1,
    ...key,
    digest,
    region,
    state: 'queued',
    bytes,
    pushedAt: updatedAt,
    queuedAt: clock.now().toISOString(),
  };
  await documents.commitDocuments(ref.container, ref.partition, [{ do: 'upsert', document: { ...document } }]);
  return true;
}

/**
 * So many images are noted with a copy. One copy serves all images that wait for it; the sweep finds those without a
 * place here.
 */
const imagesNoted = 20;

/**
 * Orders copies by the priority of the replica, then the newest push, then the smallest blob. A digit in front of all
 * marks a copy that somebody waits for.
 */
function orderOf(priority: number, pushedAt: string, size: number): string {
  return [
    priority,
    String(9_999_999_999_999 - Date.parse(pushedAt)).padStart(13, '0'),
    String(size).padStart(16, '0'),
  ].join(':');
}

/** Plans a copy, or adds an image to those that wait for it. */
export async function queueCopy(
  ports: ReplicationPorts,
  { digest, size }: BlobDocument,
  { region, settings }: Pick<Replica, 'region' | 'settings'>,
  { image, pushedAt }: { image?: WaitingImage; pushedAt: string },
): Promise<void> {
  const { documents, registry, clock, ids } = ports;
  const ref = copyRef(digest, region);
  const now = clock.now().toISOString();
  const { priority, bytesPerSecond, verify } = settings;
  const images = image === undefined ? [] : [image];
  const fresh: Copy = {
    id: ref.id,
    type: 'copy',
    schemaVersion: 1,
    digest,
    size,
    region,
    order: orderOf(priority, pushedAt, size),
    name: `blobs/${ids.nextId()}`,
    begun: false,
    bytesDone: 0,
    dueAt: now,
    attempts: 0,
    ...defined({ bytesPerSecond }),
    verify,
    queuedAt: now,
    images,
    wantedBy: [{ registry }],
  };
  await untilUncontended(`the copy of ${digest} to ${region}`, async () => {
    const there = await readStored(documents, copySchema, ref);
    if (there === undefined)
      return (
        (await documents.commitDocuments('blobs', [digest], [{ do: 'create', document: { ...fresh } }])).committed ||
        undefined
      );
    const added = addedTo(there.document, registry, image);
    if (added === undefined) return true;
    return (await documents.commitDocuments('blobs', [digest], [patching(there, added)])).committed || undefined;
  });
}

/** Returns the fields of a planned copy with a further registry or image that wants it; `undefined` if it has them. */
function addedTo(
  { images, wantedBy = [] }: Copy,
  registry: RegistryName,
  image: WaitingImage | undefined,
): Partial<Copy> | undefined {
  const isNoted =
    image === undefined ||
    images.length >= imagesNoted ||
    images.some((each) => JSON.stringify(each) === JSON.stringify(image));
  const isWanted = wantedBy.some((each) => each.registry === registry);
  if (isNoted && isWanted) return undefined;
  return defined({
    images: isNoted ? undefined : [...images, image],
    wantedBy: isWanted ? undefined : [...wantedBy, { registry }],
  });
}

/**
 * Notifies a region that there is work. Documents say what is due: a message that is lost, or doubled, costs nothing
 * but time.
 */
export async function wake({ regions, log }: Pick<ReplicationPorts, 'regions' | 'log'>, region: string): Promise<void> {
  try {
    await regions.queuesIn(region)?.sendMessage(copiesQueue, { region });
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error, region }, 'a region could not be notified of new copies: its timer finds them');
  }
}
