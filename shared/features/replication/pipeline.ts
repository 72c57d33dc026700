import { LRUCache } from 'lru-cache';
import { inTurn } from '../../core/documents/alone.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { HastenCopy } from '../../core/ports/replication.ts';
import { forgetImage } from './complete.ts';
import { readManifest } from './contents.ts';
import { drainReplica } from './drain.ts';
import { Pace } from './pace.ts';
import { planWithSignatures, wake } from './plan.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplica, readReplicas } from './replicas.ts';
import { forgetQueued, settleQueued } from './waiting.ts';
import { walkReplica } from './walk.ts';
import { copyDue, hasten } from './work.ts';

/** What triggers and the data plane do about replication. One for each instance. */
export interface ReplicationPipeline extends HastenCopy {
  readonly ports: ReplicationPorts;
  /** Plans what the regions lack of what an event tells of. Throws `StoreFailure`: then it must be delivered again. */
  plan(event: CatalogueEvent): Promise<void>;
  /** Makes the copies of this region that are due. What a message says is only that there are some. */
  copy(): Promise<void>;
  /** Whether a front door may send clients to this region. What cannot be read stands in nobody's way. Never throws. */
  isOffered(): Promise<boolean>;
  /**
   * The same by the clock, and what else this region's replica has to do: its walk, its emptying, images that nobody
   * has looked at again.
   */
  sweep(): Promise<void>;
}

/** Well below what the host gives a function (host.json), so that one that goes on is called anew. In milliseconds. */
const runMs = 10 * 60_000;
/** Of a timer that starts twice a minute. In milliseconds. */
const sweepMs = 25_000;
/** One that many pull is hastened once. In milliseconds. */
const hastenedMs = 60_000;

export function replicationPipeline(ports: ReplicationPorts): ReplicationPipeline {
  const pace = new Pace();
  const hastened = new LRUCache<Digest, true>({ max: 1_000, ttl: hastenedMs });
  const until = (ms: number) => new Date(ports.clock.now().getTime() + ms);
  const several = ports.regions.names.length > 1;
  return {
    ports,
    hastenCopy(digest) {
      if (hastened.has(digest)) return;
      hastened.set(digest, true);
      void bringForward(ports, digest);
    },
    async plan(event) {
      if (!several) return;
      if (event.type === 'Longshore.Purged') return forgetPurged(ports, event);
      const pushed = imageIn(ports, event);
      if (pushed === undefined) return;
      for (const replica of await readReplicas(ports)) {
        if (replica.draining === undefined)
          for (const digest of pushed.digests) await planWithSignatures(ports, pushed.key, digest, replica);
      }
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
          ports.log.info({ region: replica.region }, 'a replica is removed: its region holds nothing any more');
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
        if (isReplica) await settleQueued(ports);
      },
    ],
  ]);
}

/** A message says nothing that documents do not: brought again and again it would only end as poison. */
async function unlessDown({ log }: ReplicationPorts, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error }, 'copies wait for the timer');
  }
}

async function bringForward(ports: ReplicationPorts, digest: Digest): Promise<void> {
  try {
    if (await hasten(ports, digest)) await wake(ports, ports.regions.here);
  } catch (error) {
    ports.log.warn({ err: error, digest }, 'a copy that somebody waits for could not be hastened');
  }
}

type Purged = Extract<CatalogueEvent, { type: 'Longshore.Purged' }>;

/**
 * What was written down about images that are gone for good. One that was pushed again meanwhile is asked for again,
 * and has its own.
 */
async function forgetPurged(ports: ReplicationPorts, { data: { target } }: Purged): Promise<void> {
  const key = { registry: ports.registry, repository: target.repository };
  for (const { digest } of target.manifests)
    if ((await readManifest(ports, key, digest)) === undefined) await forgetImage(ports, key, digest);
}

function imageIn(
  { registry }: ReplicationPorts,
  event: CatalogueEvent,
): { key: RepositoryKey; digests: readonly Digest[] } | undefined {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed':
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
