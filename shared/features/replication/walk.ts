import { oneByOne, readable } from '../../core/documents/alone.ts';
import type { BlobDocument } from '../../core/documents/blob.ts';
import { blobDocumentSchema, blobId, blobRef } from '../../core/documents/blob.ts';
import { replacing } from '../../core/documents/changes.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { DocumentQuery } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { blobsOf } from './contents.ts';
import type { Replica, Walk } from './documents.ts';
import { isWithin, takesEveryTag } from './filters.ts';
import { planImage } from './plan.ts';
import type { ReplicationPorts } from './ports.ts';
import { changeReplica, newWalk } from './replicas.ts';

const manifestsAtOnce = 50;
const dayMs = 24 * 3_600_000;
/** A push may commit so many milliseconds after the time that it carries. */
const overlapMs = 3_600_000;

/**
 * Walks over all that is stored for this region's replica, page by page, until the end or `until`: it plans what is
 * missing, and checks the bytes of each copy if the walk says so. Returns whether there is nothing more to check. Once
 * a day it walks over what was pushed since.
 */
export async function walkReplica(ports: ReplicationPorts, replica: Replica, until: Date): Promise<boolean> {
  let current: Replica | undefined = replica;
  while (current !== undefined && current.draining === undefined && !current.settings.paused) {
    const { walk } = current;
    if (walk === undefined) {
      if (!isDayOver(ports, current)) return true;
      current = await changeReplica(ports, current.region, beginDaily(ports));
      continue;
    }
    if (ports.clock.now() >= until) return false;
    const next = await walkPage(ports, current, walk);
    current = await changeReplica(ports, current.region, (before) =>
      sameWalk(before.walk, walk) ? moved(before, next, ports.clock.now()) : undefined,
    );
  }
  return true;
}

function isDayOver({ clock }: ReplicationPorts, { reconciledTo }: Replica): boolean {
  return clock.now().getTime() - Date.parse(reconciledTo) > dayMs;
}

function beginDaily({ clock }: ReplicationPorts): (before: Replica) => Replica | undefined {
  return (before) =>
    before.walk === undefined
      ? {
          ...before,
          walk: newWalk('reconcile', clock.now().toISOString(), {
            since: new Date(Date.parse(before.reconciledTo) - overlapMs).toISOString(),
            check: true,
          }),
        }
      : undefined;
}

function sameWalk(a: Walk | undefined, b: Walk): boolean {
  return a?.startedAt === b.startedAt && a.continuation === b.continuation && a.images === b.images;
}

function moved({ walk: _, ...before }: Replica, { walk, ended }: { walk: Walk; ended: boolean }, now: Date): Replica {
  if (!ended) return { ...before, walk };
  const { continuation: __, ...whole } = walk;
  return {
    ...before,
    walked: { ...whole, endedAt: now.toISOString() },
    ...defined({ reconciledTo: walk.repository === undefined ? walk.startedAt : undefined }),
  };
}

async function walkPage(
  ports: ReplicationPorts,
  replica: Replica,
  walk: Walk,
): Promise<{ walk: Walk; ended: boolean }> {
  const page = await ports.documents.queryDocuments(queryOf(ports, walk));
  const counts = { images: walk.images, planned: walk.planned, repaired: walk.repaired };
  const outages: StoreFailure[] = [];
  await oneByOne(
    ports.log,
    'planning the copies of an image',
    readable(ports.log, manifestDocumentSchema, page.documents, { container: 'repositories' }),
    ({ document }) => document.id,
    async ({ document: manifest }) => {
      const outcome = await plannedOne(ports, manifest, { replica, walk, counts }).catch((error: unknown) => {
        if (!(error instanceof StoreFailure)) throw error;
        outages.push(error);
        return undefined;
      });
      if (outcome === 'queued' || outcome === 'complete') counts.images += 1;
      if (outcome === 'queued') counts.planned += 1;
    },
  );
  // The walk does not return to what it has passed: if a store has not answered, it repeats the page.
  const [outage] = outages;
  if (outage !== undefined) throw outage;
  const { continuation: _, ...rest } = walk;
  return {
    walk: { ...rest, ...counts, ...defined({ continuation: page.continuation }) },
    ended: page.continuation === undefined,
  };
}

interface Walking {
  readonly replica: Replica;
  readonly walk: Walk;
  readonly counts: { repaired: number };
}

async function plannedOne(
  ports: ReplicationPorts,
  manifest: ManifestDocument,
  { replica, walk, counts }: Walking,
): Promise<Awaited<ReturnType<typeof planImage>>> {
  if (walk.check) counts.repaired += await repair(ports, manifest, replica);
  return planImage(ports, { registry: manifest.registry, repository: manifest.repository }, manifest.digest, replica);
}

function queryOf({ registry }: ReplicationPorts, { since, repository, continuation }: Walk): DocumentQuery {
  return {
    container: 'repositories',
    partition: repository === undefined ? [registry] : [registry, repository],
    where: [
      {
        path: 'byTime',
        is: since === undefined ? 'starts-with' : '>=',
        value: since === undefined ? 'manifest:' : `manifest:${since}`,
      },
      { path: 'type', is: '=', value: 'manifest' },
    ],
    orderBy: { path: 'byTime', direction: 'asc' },
    limit: manifestsAtOnce,
    ...defined({ continuation }),
  };
}

/**
 * Forgets copies in this region whose bytes are absent, or have another size: then they are planned again. Another
 * region must have them.
 */
async function repair(
  ports: ReplicationPorts,
  manifest: ManifestDocument,
  { region, settings }: Replica,
): Promise<number> {
  if (takesEveryTag(settings.filters) && !isWithin(settings.filters, manifest, [])) return 0;
  let repaired = 0;
  for (const blob of await blobsOf(ports, [manifest])) {
    const copy = blob.copies[region];
    if (copy === undefined || Object.keys(blob.copies).length === 1) continue;
    const there = await ports.blobs.statBlob(copy.name);
    if (there?.size !== blob.size && (await forgetCopy(ports, blob, region, copy.name))) repaired += 1;
  }
  return repaired;
}

/** Forgets a copy; `false` when the blob was written since. */
async function forgetCopy(
  { documents, blobs, log }: ReplicationPorts,
  { digest }: BlobDocument,
  region: string,
  name: string,
): Promise<boolean> {
  const found = await readStored(documents, blobDocumentSchema, blobRef(digest));
  if (found?.document.copies[region]?.name !== name) return false;
  log.error({ digest, region, name }, 'a copy is missing or has another size, so it is made again');
  const { [region]: _, ...copies } = found.document.copies;
  const { committed } = await documents.commitDocuments(
    'blobs',
    [digest],
    [replacing(found, { ...found.document, id: blobId, copies })],
  );
  if (committed) await blobs.deleteBlob(name);
  return committed;
}
