import { defined } from '../../core/documents/defined.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { ReplicationViews } from '../../core/ports/views.ts';
import type { Replica } from './documents.ts';
import { replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplicas } from './replicas.ts';

const mostShown = 10;
const mostCounted = 100;

type Ports = Pick<ReplicationPorts, 'documents' | 'registry' | 'clock' | 'regions'>;

/** Makes what views show of regions. */
export function replicationViews(ports: Ports): ReplicationViews {
  return {
    async regions() {
      const replicas = (await readReplicas(ports)).slice(0, mostShown);
      return { regions: await Promise.all(replicas.map((replica) => regionOf(ports, replica))) };
    },
  };
}

async function regionOf({ documents, registry, clock }: Ports, { region, settings, draining, walk }: Replica) {
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'replicated' },
      { path: 'region', is: '=' as const, value: region },
      { path: 'state', is: '=' as const, value: 'queued' },
    ],
    orderBy: { path: 'queuedAt', direction: 'asc' as const },
    limit: mostCounted,
  };
  const { documents: queued } = await documents.queryDocuments(query);
  const [oldest] = queued.map((found) => parseStored(replicatedSchema, found, query).document.queuedAt);
  const lag = oldest === undefined ? undefined : Math.max(0, clock.now().getTime() - Date.parse(oldest)) / 1_000;
  const isBehind = queued.length > 0 || walk !== undefined;
  const usual = settings.paused ? ('paused' as const) : isBehind ? ('behind' as const) : ('ready' as const);
  return {
    region,
    state: draining !== undefined ? ('removing' as const) : usual,
    missing: queued.length,
    ...defined({ lagSeconds: lag === undefined ? undefined : Math.round(lag) }),
  };
}
