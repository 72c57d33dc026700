import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { inTurn } from '../../core/documents/alone.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { HastenCopy } from '../../core/ports/replication.ts';
import { atMost } from '../../core/rules/at-most.ts';
import { forgetImage } from './complete.ts';
import { readManifest } from './contents.ts';
import { drainReplica } from './drain.ts';
import { Pace } from './pace.ts';
import { planWithSignatures, wake } from './plan.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplica, readReplicas } from './replicas.ts';
import { forgetQueued, reconcileQueued } from './waiting.ts';
import { walkReplica } from './walk.ts';
import { copyDue, hasten } from './work.ts';

/** The work of triggers and of the data plane on replication; there is one for each instance. */
export interface ReplicationPipeline extends HastenCopy {
  readonly ports: ReplicationPorts;
  /**
   * Plans what the regions lack of an event's images. Throws `StoreFailure`: then the event must be delivered again.
   */
  plan(event: CatalogueEvent): Promise<void>;
  /** Makes the copies of this region that are due. A message says no more than that there are some. */
  copy(): Promise<void>;
  /**
   * Says whether a front door may send clients to this region. A state that cannot be read blocks nobody. Never throws.
   */
  isOffered(): Promise<boolean>;
  /**
   * Makes copies by the clock, and the rest of this region's replica's work: its walk, its emptying, images that nobody
   * has checked again.
   */
  sweep(): Promise<void>;
}

/**
 * One run ends after so many milliseconds, well below the function timeout (host.json), so that one that continues is
 * called again.
 */
const runMs = 10 * 60_000;
/** A run of a timer that starts twice a minute ends after so many milliseconds. */
const sweepMs = 25_000;
/** A blob that many pull is hastened once in so many milliseconds. */
const hastenedMs = 60_000;
/** A restore and a purge tell of many images in one event, which is handled within 30 s. */
const imagesAtOnce = 4;

export function replicationPipeline(ports: ReplicationPorts): ReplicationPipeline {
  const pace = new Pace();
  const hastened = new LRUCache<Digest, true>({ ...atMost(1_000), ttl: hastenedMs });
  const until = (ms: number) => new Date(ports.clock.now().getTime() + ms);
  const several = ports.regions.names.length > 1;
  return {
    ports,
    hastenCopy(digest) {
      if (hastened.has(digest)) return;
      hastened.set(digest, true);
      void moveForward(ports, digest);
    },
    async plan(event) {
      if (!several) return;
      if (event.type === 'Longshore.Purged') return forgetPurged(ports, event);
      const pushed = imageIn(ports, event);
      if (pushed === undefined) return;
      const replicas = (await readReplicas(ports)).filter(({ draining }) => draining === undefined);
      const limit = pLimit(imagesAtOnce);
      await Promise.all(
        replicas.flatMap((replica) =>
          pushed.digests.map((digest) => limit(() => planWithSignatures(ports, pushed.key, digest, replica))),
        ),
      );
    },
    async copy() {
      if (several) await unlessDown(ports, () => copyDue(ports, pace, until(runMs)));
    },
    async isOffered() {
      if (!several) return true;
      const replica = await readReplica(ports, ports.regions.here).catch(() => undefined);
      return replica === undefined || (replica.settings.endpoint && replica.draining === undefined);
    },
    async sweep() {
      if (several) await sweepRegion(ports, pace, until(sweepMs));
    },
  };
}

async function sweepRegion(ports: ReplicationPorts, pace: Pace, end: Date): Promise<void> {
  const replica = await readReplica(ports, ports.regions.here);
  const isReplica = replica !== undefined && replica.draining === undefined;
  await inTurn(ports.log, 'replication-sweep', [
    [
      'what nobody waits for any more',
      async () => {
        if (!isReplica) await forgetQueued(ports);
      },
    ],
    [
      'the emptying of the region',
      async () => {
        if (replica?.draining !== undefined && (await drainReplica(ports, replica, end)))
          ports.log.info({ region: replica.region }, 'a replica is removed, because its region has no copies any more');
      },
    ],
    [
      'the look through what is stored',
      async () => {
        if (replica !== undefined) await walkReplica(ports, replica, end);
      },
    ],
    ['copies', () => copyDue(ports, pace, end)],
    [
      'images that wait',
      async () => {
        if (isReplica) await reconcileQueued(ports);
      },
    ],
  ]);
}

/**
 * Logs an outage instead of throwing. A message says nothing that documents do not: delivered again and again it would
 * only become poison.
 */
async function unlessDown({ log }: ReplicationPorts, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error }, 'copies wait for the timer');
  }
}

async function moveForward(ports: ReplicationPorts, digest: Digest): Promise<void> {
  try {
    if (await hasten(ports, digest)) await wake(ports, ports.regions.here);
  } catch (error) {
    ports.log.warn({ err: error, digest }, 'a copy that a client waits for could not be requested');
  }
}

type Purged = Extract<CatalogueEvent, { type: 'Longshore.Purged' }>;

/**
 * Forgets the progress of images that are purged. One that was pushed again meanwhile is requested again, and has its
 * own.
 */
async function forgetPurged(ports: ReplicationPorts, { data: { target } }: Purged): Promise<void> {
  const key = { registry: ports.registry, repository: target.repository };
  const limit = pLimit(imagesAtOnce);
  await Promise.all(
    target.manifests.map(({ digest }) =>
      limit(async () => {
        if ((await readManifest(ports, key, digest)) === undefined) await forgetImage(ports, key, digest);
      }),
    ),
  );
}

function imageIn(
  { registry }: ReplicationPorts,
  event: CatalogueEvent,
): { key: RepositoryKey; digests: readonly Digest[] } | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed':
    // An image that is held is copied too: it must be there when it is opened, and scanners pull it in every region.
    case 'Longshore.ImageQuarantined':
      return { key: { registry, repository: event.data.target.repository }, digests: [event.data.target.digest] };
    case 'Longshore.Restored':
      return {
        key: { registry, repository: event.data.target.repository },
        digests: event.data.target.manifests.map(({ digest }) => digest),
      };
    // A tag that moves may bring an image into a filter.
    case 'Longshore.TagMoved':
      return { key: { registry, repository: event.data.target.repository }, digests: [event.data.target.digest] };
    default:
      return undefined;
  }
}
