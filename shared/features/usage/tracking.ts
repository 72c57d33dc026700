import { z } from 'zod';
import { inBatches } from '../../core/documents/batches.ts';
import { defined } from '../../core/documents/defined.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { allStored } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { CommitDocuments, DocumentRef, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type { LastPull, ReadLastPulls } from '../../core/ports/pulls.ts';
import type { ImagePulls } from './counters.ts';
import { imagePullsSchema, pullsOfDigestId, pullsOfTagId } from './counters.ts';
import { usageRef } from './documents.ts';

const trackingSchema = z.object({
  ...documentShape('usage-tracking'),
  registry: registrySchema,
  since: z.iso.datetime(),
});
const trackingId = 'usage-tracking';

interface TrackingPorts {
  readonly documents: ReadDocument & CommitDocuments;
  readonly clock: Clock;
}

/** Notes that from now on pulls are known, where that was not noted before. */
export async function beginTracking({ documents, clock }: TrackingPorts, registry: RegistryName): Promise<void> {
  if ((await readTracking(documents, registry)) !== undefined) return;
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'create', document: tracking(registry, clock.now()) }],
  );
}

/** Begins tracking again, because pulls were lost: last pulls are completely known from now on only. */
export async function restartTracking({ documents, clock }: TrackingPorts, registry: RegistryName): Promise<void> {
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'upsert', document: tracking(registry, clock.now()) }],
  );
}

function tracking(registry: RegistryName, since: Date) {
  return { id: trackingId, type: 'usage-tracking', schemaVersion: 1, registry, since: since.toISOString() };
}

export async function readTracking(documents: ReadDocument, registry: RegistryName): Promise<string | undefined> {
  return (
    await readStored(documents, trackingSchema, { container: 'registries', partition: [registry], id: trackingId })
  )?.document.since;
}

/** So few are read one by one: that costs less than a query. */
const readOneByOne = 4;
/** A query names so many. */
const idsAtOnce = 200;

/** Reads the last pulls that rules are about. Scanners and replication do not count. */
export function lastPullsIn(documents: ReadDocument & QueryDocuments): ReadLastPulls {
  return {
    async lastPulls(key, references) {
      const refs = references.map((reference) =>
        usageRef(key, isDigest(reference) ? pullsOfDigestId(reference) : pullsOfTagId(reference)),
      );
      // An image may have hundreds of tags, and each of their pushes asks for all of them.
      const found =
        refs.length <= readOneByOne
          ? await Promise.all(refs.map((ref) => readStored(documents, imagePullsSchema, ref)))
          : (await Promise.all(inBatches(refs, idsAtOnce).map((some) => pullsAmong(documents, some)))).flat();
      return new Map(
        found.flatMap((stored) =>
          stored === undefined ? [] : [[stored.document.name, lastOf(stored.document)] as const],
        ),
      );
    },
    async trackedSince(registry) {
      const since = await readTracking(documents, registry);
      return since === undefined ? undefined : new Date(since);
    },
  };
}

/** Reads the counters of several references of one repository, in one query. */
async function pullsAmong(documents: QueryDocuments, refs: readonly DocumentRef[]): Promise<Stored<ImagePulls>[]> {
  const [first] = refs;
  if (first === undefined) return [];
  const { container, partition } = first;
  const where = [{ path: 'id', is: 'in' as const, values: refs.map(({ id }) => id) }];
  return allStored(documents, { container, partition, where, limit: refs.length }, imagePullsSchema);
}

function lastOf({ lastPull, lastHead }: ImagePulls): LastPull {
  return { ...defined({ lastPull, lastHead }) };
}
