import { defined } from '../../core/documents/defined.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { Replica, Replicated } from './documents.ts';
import { replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplicas } from './replicas.ts';

/** The state of one region as a whole. */
export interface RegionTotals {
  readonly region: string;
  readonly isHere: boolean;
  readonly state: 'active' | 'paused' | 'removing' | 'not replicated';
  /** The images that wait. */
  readonly queued: {
    readonly images: number;
    /** The bytes of these images, of which a part may be there already. */
    readonly bytes: number;
    readonly isAtLeast?: true;
    readonly oldestAt?: string;
  };
  /** The time that the images took that were copied last, from their push or the request for their copy. */
  readonly lag?: { readonly p50Seconds: number; readonly p99Seconds: number; readonly images: number };
}

/** The images that are counted. They are the oldest that wait, so the age of the oldest is always right. */
const mostQueued = 500;
/** The images whose lag is looked at: those that were completed last. */
const mostCompleted = 200;

type Ports = Pick<ReplicationPorts, 'documents' | 'registry' | 'regions' | 'clock'>;

/** Returns the state of every region of the deployment: two queries for each, side by side. Throws `StoreFailure`. */
export async function regionTotals(ports: Ports): Promise<RegionTotals[]> {
  const replicas = new Map((await readReplicas(ports)).map((replica) => [replica.region, replica]));
  const names = [...ports.regions.names].sort();
  return Promise.all(names.map((region) => totalsOf(ports, region, replicas.get(region))));
}

async function totalsOf(ports: Ports, region: string, replica: Replica | undefined): Promise<RegionTotals> {
  const [queued, completed] = await Promise.all([
    imagesIn(ports, region, { state: 'queued', path: 'queuedAt', direction: 'asc', most: mostQueued + 1 }),
    imagesIn(ports, region, { state: 'complete', path: 'completedAt', direction: 'desc', most: mostCompleted }),
  ]);
  const counted = queued.slice(0, mostQueued);
  return {
    region,
    isHere: region === ports.regions.here,
    state: stateOf(replica),
    queued: {
      images: counted.length,
      bytes: sumOfBytes(counted.map(({ bytes }) => bytes)),
      ...defined({
        isAtLeast: queued.length > mostQueued ? (true as const) : undefined,
        oldestAt: counted[0]?.queuedAt,
      }),
    },
    ...defined({ lag: lagOf(completed) }),
  };
}

function stateOf(replica: Replica | undefined): RegionTotals['state'] {
  if (replica === undefined) return 'not replicated';
  if (replica.draining !== undefined) return 'removing';
  return replica.settings.paused ? 'paused' : 'active';
}

interface Wanted {
  readonly state: Replicated['state'];
  readonly path: 'queuedAt' | 'completedAt';
  readonly direction: 'asc' | 'desc';
  readonly most: number;
}

async function imagesIn(
  { documents, registry }: Ports,
  region: string,
  { state, path, direction, most }: Wanted,
): Promise<Replicated[]> {
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'replicated' },
    { path: 'region', is: '=', value: region },
    { path: 'state', is: '=', value: state },
  ];
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where,
    orderBy: { path, direction },
    limit: most,
  };
  const found = await firstOf(most, storedOf(documents, query, replicatedSchema));
  return found.map(({ document }) => document);
}

function lagOf(completed: readonly Replicated[]): RegionTotals['lag'] {
  const lags = completed
    .flatMap(({ queuedAt, completedAt }) =>
      completedAt === undefined ? [] : [Math.max(0, Date.parse(completedAt) - Date.parse(queuedAt)) / 1_000],
    )
    .sort((a, b) => a - b);
  if (lags.length === 0) return undefined;
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.ceil(share * lags.length) - 1)] ?? 0;
  return { p50Seconds: at(0.5), p99Seconds: at(0.99), images: lags.length };
}
