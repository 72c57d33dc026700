import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { startCosmosEmulator } from '../../../emulators/cosmos/emulator.ts';
import { refusal, select, startFrom, temporaryFolder, useEmulator } from './harness.ts';

/** The emulator's clock runs ahead of the real one by this many milliseconds. */
let ahead = 0;
const bed = useEmulator({ now: () => Date.now() + ahead });
const pass = (seconds: number): void => void (ahead += seconds * 1000);

const status = async (container: Container, id: string): Promise<number> =>
  (await container.item(id, 'x').read()).statusCode;

describe('time to live', () => {
  it('of the container holds for items without their own', async () => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    await container.items.create({ id: 'a', pk: 'x' });
    pass(9);
    expect(await status(container, 'a')).toBe(200);
    pass(2);
    expect(await status(container, 'a')).toBe(404);
  });

  it('of an item goes before the container’s, and -1 is for ever', async () => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    await container.items.create({ id: 'short', pk: 'x', ttl: 2 });
    await container.items.create({ id: 'long', pk: 'x', ttl: 100 });
    await container.items.create({ id: 'eternal', pk: 'x', ttl: -1 });
    pass(3);
    expect(await status(container, 'short')).toBe(404);
    pass(50);
    expect(await status(container, 'long')).toBe(200);
    pass(100_000);
    expect([await status(container, 'long'), await status(container, 'eternal')]).toEqual([404, 200]);
  });

  it('of an item counts for nothing in a container without a default', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'a', pk: 'x', ttl: 1 });
    pass(10);
    expect(await status(container, 'a')).toBe(200);
  });

  it('of -1 in the container leaves it to each item', async () => {
    const container = await bed.newContainer({ defaultTtl: -1 });
    await container.items.create({ id: 'stays', pk: 'x' });
    await container.items.create({ id: 'goes', pk: 'x', ttl: 1 });
    pass(2);
    expect([await status(container, 'stays'), await status(container, 'goes')]).toEqual([200, 404]);
  });

  it('starts again with every write', async () => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    await container.items.create({ id: 'a', pk: 'x' });
    pass(8);
    await container.items.upsert({ id: 'a', pk: 'x' });
    pass(8);
    expect(await status(container, 'a')).toBe(200);
  });

  it.each<unknown>([0, -2, 1.5, 'soon'])('is refused when it is %s', async (ttl) => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    expect((await refusal(container.items.create({ id: 'a', pk: 'x', ttl: ttl as number }))).code).toBe(400);
  });
});

describe('an expired item', () => {
  it('is in no query, count or change feed', async () => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    await container.items.create({ id: 'a', pk: 'x' });
    pass(11);
    expect(await select(container, 'SELECT * FROM c')).toEqual([]);
    expect(await select(container, 'SELECT VALUE COUNT(1) FROM c WHERE c.id = "a"')).toEqual([0]);
    const feed = container.items.getChangeFeedIterator({ changeFeedStartFrom: startFrom.beginning() });
    expect((await feed.readNext()).statusCode).toBe(304);
  });

  it('cannot be replaced, patched or deleted', async () => {
    const container = await bed.newContainer({ defaultTtl: 10 });
    await container.items.create({ id: 'a', pk: 'x' });
    pass(11);
    const item = container.item('a', 'x');
    for (const request of [
      item.replace({ id: 'a', pk: 'x' }),
      item.patch([{ op: 'add', path: '/n', value: 1 }]),
      item.delete(),
    ]) {
      expect((await refusal(request)).code).toBe(404);
    }
  });

  it('gives its id free, and its unique key', async () => {
    const container = await bed.newContainer({
      defaultTtl: 10,
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] },
    });
    const { resource } = await container.items.create({ id: 'a', pk: 'x', email: 'e' });
    pass(11);
    const again = await container.items.create({ id: 'a', pk: 'x', email: 'e' });
    expect(again.resource?._rid).not.toBe(resource?._rid);
    pass(11);
    expect((await container.items.create({ id: 'b', pk: 'x', email: 'e' })).statusCode).toBe(201);
  });

  it('is removed from the file in the background', async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'cosmos.db');
    const emulator = await startCosmosEmulator({ path });
    const client = new CosmosClient(emulator);
    const { database } = await client.databases.create({ id: 'd' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk', defaultTtl: 1 });
    await container.items.create({ id: 'goes', pk: 'x' });
    await container.items.create({ id: 'stays', pk: 'x', ttl: -1 });
    await sleep(3500); // The item's second, and two rounds of the reaper.
    client.dispose();
    await emulator.stop();
    const db = new DatabaseSync(path);
    expect(db.prepare('SELECT id FROM items_1').all()).toEqual([{ id: 'stays' }]);
    db.close();
    await folder.remove();
  });
});
