import { replacing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Replica, ReplicaSettings, Walk } from './documents.ts';
import { replicaRef, replicaSchema, replicaSettingsSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';

type Editing = Pick<ReplicationPorts, 'documents' | 'registry' | 'clock' | 'regions'>;

export async function readReplica({ documents, registry }: Editing, region: string): Promise<Replica | undefined> {
  return (await readStored(documents, replicaSchema, replicaRef(registry, region)))?.document;
}

/** Reads a replica. Throws `RegistryError` (`thing-unknown`). */
export async function theReplica(ports: Editing, region: string): Promise<Replica> {
  const replica = await readReplica(ports, region);
  if (replica === undefined) throw unknown(region);
  return replica;
}

function unknown(region: string): RegistryError {
  return new RegistryError({
    is: 'thing-unknown',
    code: 'replicationNotFound',
    what: `replica "${region.slice(0, 40)}"`,
  });
}

/** Reads all replicas, of which each region of the deployment has at most one. */
export async function readReplicas({ documents, registry }: Editing): Promise<Replica[]> {
  const [container, partition] = ['registries' as const, [registry]];
  const page = await documents.queryDocuments({
    container,
    partition,
    where: [{ path: 'type', is: '=', value: 'replica' }],
    orderBy: { path: 'region', direction: 'asc' },
    limit: 100,
  });
  return page.documents.map((found) => parseStored(replicaSchema, found, { container, partition }).document);
}

/**
 * Changes a replica; `undefined` leaves it as it is. Returns the replica afterwards, `undefined` if there is none.
 * Throws `RegistryError` (`contended`).
 */
export async function changeReplica(
  { documents, registry, clock }: Editing,
  region: string,
  change: (before: Replica) => Replica | undefined,
): Promise<Replica | undefined> {
  const outcome = await untilUncontended(`the replica ${region}`, async () => {
    const found = await readStored(documents, replicaSchema, replicaRef(registry, region));
    const after = found === undefined ? undefined : change(found.document);
    if (found === undefined || after === undefined) return { there: found?.document };
    const document = { ...after, updatedAt: clock.now().toISOString() };
    const written = await documents.commitDocuments('registries', [registry], [replacing(found, document)]);
    return written.committed ? { there: document } : undefined;
  });
  return outcome.there;
}

/**
 * Adds a replica, or changes one; either begins a walk over all that is stored. Throws `RegistryError`:
 * `request-invalid` for a region that is none, `conflict` while it is being removed.
 */
export async function putReplica(
  ports: Editing,
  region: string,
  settings: ReplicaSettings,
): Promise<{ readonly replica: Replica; readonly created: boolean }> {
  const { documents, registry, clock, regions } = ports;
  if (!regions.names.includes(region))
    throw new RegistryError({
      is: 'request-invalid',
      why: `"${region.slice(0, 40)}" is not a region of this deployment, which has ${[...regions.names].sort().join(', ')}`,
    });
  const now = clock.now().toISOString();
  const change = (before: Replica): Replica => {
    if (before.draining !== undefined)
      throw new RegistryError({
        is: 'conflict',
        code: 'replicationRemoving',
        why: `the replica ${region} is being removed: wait until it is removed, then add it again`,
      });
    return {
      ...before,
      settings,
      ...defined({ walk: sameFilters(before.settings, settings) ? undefined : newWalk('changed', now) }),
    };
  };
  for (;;) {
    const there = await changeReplica(ports, region, change);
    if (there !== undefined) return { replica: there, created: false };
    const fresh: Replica = {
      id: replicaRef(registry, region).id,
      type: 'replica',
      schemaVersion: 1,
      registry,
      region,
      settings,
      walk: newWalk('added', now),
      reconciledTo: now,
      createdAt: now,
      updatedAt: now,
    };
    if (
      (await documents.commitDocuments('registries', [registry], [{ do: 'create', document: { ...fresh } }])).committed
    )
      return { replica: fresh, created: true };
  }
}

function sameFilters(a: ReplicaSettings, b: ReplicaSettings): boolean {
  return (
    JSON.stringify(replicaSettingsSchema.parse(a).filters) === JSON.stringify(replicaSettingsSchema.parse(b).filters)
  );
}

export function newWalk(
  why: Walk['why'],
  startedAt: string,
  how: Partial<Pick<Walk, 'since' | 'repository' | 'check'>> = {},
): Walk {
  return { why, startedAt, check: false, images: 0, planned: 0, repaired: 0, ...how };
}

/** Says whether every region is being emptied: then stored blobs can go nowhere. */
function isNoneLeft({ regions }: Editing, replicas: readonly Replica[]): boolean {
  return regions.names.every((name) =>
    replicas.some(({ region, draining }) => region === name && draining !== undefined),
  );
}

/**
 * Begins to empty a region. Blobs that it alone holds are copied to another one first. Throws `RegistryError`
 * (`thing-unknown`, `conflict` when it is the last region that stays).
 */
export async function removeReplica(ports: Editing, region: string): Promise<Replica> {
  const draining = { since: ports.clock.now().toISOString(), blobs: 0, bytes: 0, waiting: 0 };
  const replicas = await readReplicas(ports);
  if (
    isNoneLeft(
      ports,
      replicas.map((each) => (each.region === region ? { ...each, draining } : each)),
    )
  )
    throw new RegistryError({
      is: 'conflict',
      code: 'lastRegion',
      why:
        'the last region cannot be removed: no other region could get its blobs, because all others are ' +
        'not replicas or are being emptied',
    });
  const drained = await changeReplica(ports, region, ({ walk: _, ...before }) =>
    before.draining === undefined ? { ...before, draining } : undefined,
  );
  if (drained === undefined) throw unknown(region);
  return drained;
}

/**
 * Says whether this region stays a replica although it is being emptied. It is the last of regions that were asked to
 * be emptied at the same moment, and are all that there are.
 */
export async function staysAsLast(ports: Editing, { region }: Replica): Promise<boolean> {
  const replicas = await readReplicas(ports);
  if (!isNoneLeft(ports, replicas)) return false;
  const last = replicas
    .map((each) => `${each.draining?.since ?? ''} ${each.region}`)
    .sort()
    .at(-1);
  const kept = await changeReplica(ports, region, ({ draining, ...before }) =>
    `${draining?.since ?? ''} ${region}` === last
      ? { ...before, walk: newWalk('changed', ports.clock.now().toISOString()) }
      : undefined,
  );
  return kept !== undefined && kept.draining === undefined;
}
