import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { BlobDocument } from '../../../shared/core/documents/blob.ts';
import type { ManifestDocument } from '../../../shared/core/documents/manifest.ts';
import type { ContainerName, JsonDocument } from '../../../shared/core/ports/documents.ts';
import type { Replica } from '../../../shared/features/replication/documents.ts';
import { Violation } from '../invariants.ts';
import { regionNames } from './world.ts';

function documentsIn(world: MemoryWorld, container: ContainerName, type: string): JsonDocument[] {
  const found: JsonDocument[] = [];
  for (const { records } of world.documents.partitions(container, [])) {
    for (const record of records.values()) {
      const version = world.documents.visible(record, 0);
      if (version?.document.type === type) found.push(version.document);
    }
  }
  return found;
}

const blobsOf = (world: MemoryWorld) =>
  new Map(
    documentsIn(world, 'blobs', 'blob').map((document) => [
      String(document.digest),
      document as unknown as BlobDocument,
    ]),
  );
const manifestsOf = (world: MemoryWorld) =>
  [
    ...documentsIn(world, 'repositories', 'manifest'),
    ...documentsIn(world, 'repositories', 'binned'),
  ] as unknown as ManifestDocument[];
const replicasOf = (world: MemoryWorld) => documentsIn(world, 'registries', 'replica') as unknown as Replica[];
const needed = ({ references }: ManifestDocument) =>
  references.filter(({ role }) => role !== 'manifest').map(({ digest }) => digest);

/** Holds at every moment: each blob of a live or binned manifest is somewhere, and whole where it is said to be. */
export function checkHeld(world: MemoryWorld): void {
  const blobs = blobsOf(world);
  for (const manifest of manifestsOf(world)) {
    for (const digest of needed(manifest)) {
      const blob = blobs.get(digest);
      const what = `blob ${digest.slice(7, 15)} of ${manifest.repository}@${manifest.digest.slice(7, 15)}`;
      if (blob === undefined || Object.keys(blob.copies).length === 0) throw new Violation(`${what} is in no region`);
    }
  }
  for (const { digest, size, copies } of blobs.values()) {
    for (const [region, { name }] of Object.entries(copies))
      if (world.region(region).blobs.get(name)?.size !== size)
        throw new Violation(`blob ${digest.slice(7, 15)} is said to be in ${region}, and is not, or not whole`);
  }
}

/** Holds when everything has come to rest: each replica has all, and no region anything that nobody names. */
export function checkConverged(world: MemoryWorld): void {
  const [blobs, replicas, replicated] = [
    blobsOf(world),
    replicasOf(world),
    documentsIn(world, 'repositories', 'replicated'),
  ];
  for (const { region, draining, walk } of replicas) {
    if (draining !== undefined || walk !== undefined)
      throw new Violation(`the replica ${region} has not come to its end`);
    for (const manifest of documentsIn(world, 'repositories', 'manifest') as unknown as ManifestDocument[]) {
      const told = replicated.find(
        ({ region: of, digest, repository }) =>
          of === region && digest === manifest.digest && repository === manifest.repository,
      );
      if (told?.state !== 'complete')
        throw new Violation(
          `nothing says that ${manifest.repository}@${manifest.digest.slice(7, 15)} is in the replica ${region}`,
        );
      for (const digest of needed(manifest))
        if (blobs.get(digest)?.copies[region] === undefined)
          throw new Violation(`blob ${digest.slice(7, 15)} of ${manifest.repository} is not in the replica ${region}`);
    }
  }
  for (const type of ['copy', 'collected']) {
    const left = documentsIn(world, 'blobs', type);
    if (left.length > 0) throw new Violation(`${type} stays for ever: ${left.map(({ id }) => id).join(', ')}`);
  }
  const queued = replicated.filter(({ state }) => state === 'queued');
  if (queued.length > 0) throw new Violation(`an image is queued for ever: ${queued.map(({ id }) => id).join(', ')}`);
  for (const region of regionNames) {
    const named = new Set([...blobs.values()].map(({ copies }) => copies[region]?.name));
    const left = world
      .region(region)
      .blobs.names()
      .filter((name) => !named.has(name));
    if (left.length > 0) throw new Violation(`bytes stay in ${region} for ever: ${left.join(', ')}`);
  }
}

/** Each completion of each image in each region is told of once. */
export function checkToldOnce(world: MemoryWorld): void {
  const ids = regionNames.flatMap((region) =>
    world
      .region(region)
      .events.log.filter(({ type }) => type === 'Longshore.ReplicationCompleted')
      .map(
        ({ data }) =>
          data as { id: string; target: { repository: string; digest: string; region: string; queuedAt: string } },
      ),
  );
  const told = new Map<string, string>();
  for (const { id, target } of ids) {
    const what = JSON.stringify([target.repository, target.digest, target.region, target.queuedAt]);
    if ((told.get(what) ?? id) !== id) throw new Violation(`${what} is told of under two ids`);
    told.set(what, id);
  }
}
