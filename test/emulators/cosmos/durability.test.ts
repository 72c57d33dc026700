import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCosmosEmulator } from '../../../emulators/cosmos/emulator.ts';
import { spawnCosmosEmulator } from '../../../emulators/cosmos/spawn.ts';
import { select, startFrom, temporaryFolder } from './harness.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => void (folder = await temporaryFolder()));
afterEach(() => folder.remove());

const stateFile = (): string => join(folder.path, 'cosmos.db');

/** Runs `work` on the container `d/c` of an emulator in its own process, which is then killed or stopped. */
async function inProcess<T>(
  end: 'kill' | 'stop',
  work: (container: Container) => Promise<T>,
  readRegion?: { lagMs: number },
): Promise<T> {
  const emulator = await spawnCosmosEmulator({
    path: stateFile(),
    ...(readRegion === undefined ? {} : { readRegions: [readRegion] }),
  });
  const client = new CosmosClient({
    endpoint: emulator.endpoint,
    key: emulator.key,
    // With discovery on, the SDK would repeat a request to the dead process for two minutes.
    connectionPolicy: { enableEndpointDiscovery: false },
  });
  try {
    const { database } = await client.databases.createIfNotExists({ id: 'd' });
    const { container } = await database.containers.createIfNotExists({
      id: 'c',
      partitionKey: '/pk',
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/unique'] }] },
    });
    return await work(container);
  } finally {
    client.dispose();
    if (end === 'kill') {
      const exited = once(emulator.process, 'exit');
      emulator.process.kill('SIGKILL');
      await exited;
    } else await emulator.stop();
  }
}

describe('kill -9', () => {
  it('loses nothing that was acknowledged, and leaves no half batch', async () => {
    const acknowledged: string[] = [];
    await inProcess('kill', async (container) => {
      let isRunning = true;
      const writer = async (name: number): Promise<void> => {
        for (let n = 0; isRunning; n += 1) {
          const ids = [`${name}-${n}-a`, `${name}-${n}-b`];
          const operations = ids.map((id) => ({
            operationType: 'Create' as const,
            resourceBody: { id, pk: `p${name}`, unique: id },
          }));
          await container.items.batch(operations, `p${name}`);
          acknowledged.push(...ids);
        }
      };
      const writers = Promise.allSettled([1, 2, 3, 4].map(writer));
      while (acknowledged.length < 100) await sleep(5);
      isRunning = false;
      // The process is killed while the last batches are under way.
      void writers;
    });
    const stored = (await inProcess('stop', (container) => select(container, 'SELECT VALUE c.id FROM c'))) as string[];
    expect(acknowledged.length).toBeGreaterThanOrEqual(100);
    expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
    const pairs = new Set(stored.map((id) => id.slice(0, -2)));
    expect(stored).toHaveLength(pairs.size * 2);
  });

  it('keeps etags, the change feed’s place and unique keys', async () => {
    const { etag, token } = await inProcess('kill', async (container) => {
      const created = await container.items.create({ id: 'a', pk: 'x', unique: 1 });
      await container.items.create({ id: 'b', pk: 'x', unique: 2 });
      const feed = container.items.getChangeFeedIterator({ changeFeedStartFrom: startFrom.beginning() });
      await feed.readNext();
      await container.item('b', 'x').delete();
      return { etag: created.etag, token: (await feed.readNext()).continuationToken };
    });
    await inProcess('stop', async (container) => {
      expect((await container.item('a', 'x').read()).etag).toBe(etag);
      await expect(container.items.create({ id: 'c', pk: 'x', unique: 1 })).rejects.toMatchObject({ code: 409 });
      await container.items.create({ id: 'd', pk: 'x', unique: 3 });
      const feed = container.items.getChangeFeedIterator<{ id: string }>({
        changeFeedStartFrom: startFrom.token(token),
      });
      expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['d']);
    });
  });

  it('keeps what the read region has still to show', async () => {
    const region = { lagMs: 0 };
    await inProcess('kill', (container) => container.items.create({ id: 'a', pk: 'x' }), { lagMs: 60_000 });
    const emulator = await startCosmosEmulator({ path: stateFile(), readRegions: [region] });
    const client = new CosmosClient({
      endpoint: emulator.endpoint,
      key: emulator.key,
      connectionPolicy: { preferredLocations: ['Local Read'] },
    });
    expect((await client.database('d').container('c').item('a', 'x').read()).statusCode).toBe(200);
    client.dispose();
    await emulator.stop();
  });
});

describe('a restart', () => {
  it('without the read region makes a later one start from the present', async () => {
    await inProcess('stop', (container) => container.items.create({ id: 'a', pk: 'x' }), { lagMs: 60_000 });
    await inProcess('stop', (container) => container.items.create({ id: 'b', pk: 'x', unique: 'b' }));
    const emulator = await startCosmosEmulator({ path: stateFile(), readRegions: [{ lagMs: 60_000 }] });
    const client = new CosmosClient({
      endpoint: emulator.endpoint,
      key: emulator.key,
      connectionPolicy: { preferredLocations: ['Local Read'] },
    });
    expect(await select(client.database('d').container('c'), 'SELECT VALUE c.id FROM c ORDER BY c.id')).toEqual([
      'a',
      'b',
    ]);
    client.dispose();
    await emulator.stop();
  });

  it('is refused while another emulator holds the file', async () => {
    const emulator = await startCosmosEmulator({ path: stateFile() });
    const client = new CosmosClient(emulator);
    await client.databases.create({ id: 'd' });
    await expect(startCosmosEmulator({ path: stateFile() })).rejects.toThrow(/locked/);
    client.dispose();
    await emulator.stop();
  });
});
