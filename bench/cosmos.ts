import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { spawnCosmosEmulator } from '../emulators/cosmos/spawn.ts';

const IN_FLIGHT = 16;
const ROUND_MS = 2000;
const ITEMS = 2000;
const FEW = 1000;
const MANY = 100_000;

interface Measured {
  readonly perSecond: number;
  /** The latency in milliseconds. */
  readonly p50: number;
}

/** Repeats `operation` from `inFlight` loops for one round. */
async function measure(inFlight: number, operation: (n: number) => Promise<unknown>): Promise<Measured> {
  const times: number[] = [];
  let n = 0;
  const end = performance.now() + ROUND_MS;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now();
      await operation(n++);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  times.sort((left, right) => left - right);
  return { perSecond: (times.length / ROUND_MS) * 1000, p50: times[times.length >> 1] ?? 0 };
}

const item = (n: number): { id: string; repository: string; kind: string; n: number; text: string } => ({
  id: `item-${n}`,
  repository: `repository-${n % 10}`,
  kind: `kind-${n % 7}`,
  n,
  text: 'x'.repeat(700),
});

async function newContainer(client: CosmosClient, id: string): Promise<Container> {
  const { database } = await client.databases.createIfNotExists({ id: 'bench' });
  const { container } = await database.containers.create({ id, partitionKey: { paths: ['/repository'] } });
  return container;
}

async function fill(container: Container, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 1000) {
    // Writes one batch to each partition: item n is in partition n mod 10.
    const batch = async (partition: number): Promise<void> => {
      const resources = Array.from({ length: 100 }, (_, at) => item(start + at * 10 + partition));
      const operations = resources.map((resourceBody) => ({ operationType: 'Create' as const, resourceBody }));
      await container.items.batch(operations, `repository-${partition}`);
    };
    await Promise.all(Array.from({ length: 10 }, (_, partition) => batch(partition)));
  }
}

async function throughput(client: CosmosClient): Promise<{ name: string; value: string }[]> {
  const container = await newContainer(client, 'throughput');
  await fill(container, 0, ITEMS);
  const read = (n: number): Promise<unknown> => container.item(`item-${n % ITEMS}`, `repository-${n % 10}`).read();
  let written = ITEMS;
  const write = (): Promise<unknown> => container.items.create(item(written++));
  await measure(IN_FLIGHT, read); // Both processes compile on the first round.
  const reads = await measure(IN_FLIGHT, read);
  await measure(IN_FLIGHT, write);
  const writes = await measure(IN_FLIGHT, write);
  const readAlone = await measure(1, read);
  const writeAlone = await measure(1, write);
  return [
    { name: `Cosmos emulator: point reads, ${IN_FLIGHT} in flight`, value: `${reads.perSecond.toFixed(0)}/s` },
    { name: `Cosmos emulator: writes, ${IN_FLIGHT} in flight`, value: `${writes.perSecond.toFixed(0)}/s` },
    { name: 'Cosmos emulator: point read alone, p50', value: `${readAlone.p50.toFixed(2)} ms` },
    { name: 'Cosmos emulator: write alone, p50', value: `${writeAlone.p50.toFixed(2)} ms` },
  ];
}

/** Measures a filtered, ordered page at two sizes of the container: its cost must not grow with the rest. */
async function filteredQuery(client: CosmosClient): Promise<{ name: string; value: string }> {
  const container = await newContainer(client, 'growth');
  const spec = {
    query: 'SELECT * FROM c WHERE c.kind = @kind ORDER BY c.n DESC',
    parameters: [{ name: '@kind', value: 'kind-3' }],
  };
  const query = (): Promise<unknown> => container.items.query(spec, { maxItemCount: 10 }).fetchNext();
  await fill(container, 0, FEW);
  await measure(1, query);
  const few = await measure(1, query);
  await fill(container, FEW, MANY);
  await measure(1, query);
  const many = await measure(1, query);
  return {
    name: `Cosmos emulator: filtered page, ${FEW} → ${MANY} items, p50`,
    value: `${few.p50.toFixed(2)} ms → ${many.p50.toFixed(2)} ms (${(many.p50 / few.p50).toFixed(2)}×)`,
  };
}

/** Measures the emulator, in its own process and on a file, through the SDK. */
export async function benchCosmos(): Promise<{ name: string; value: string }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-cosmos-'));
  const emulator = await spawnCosmosEmulator({ path: join(folder, 'cosmos.db') });
  const client = new CosmosClient({ endpoint: emulator.endpoint, key: emulator.key });
  try {
    return [...(await throughput(client)), await filteredQuery(client)];
  } finally {
    client.dispose();
    await emulator.stop();
    await rm(folder, { recursive: true });
  }
}
