import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { CosmosClient } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import { openDatabase } from '../../emulators/cosmos/store/database.ts';
import { startEventGrid } from '../../emulators/event-grid/start.ts';
import { StateFile } from '../../emulators/event-grid/state-file.ts';

const mib = 1024 * 1024;
const text = 'x'.repeat(64 * 1024);

async function sizeBelow(path: string, bytes: number): Promise<number> {
  for (let tries = 0; tries < 200 && statSync(path).size > bytes; tries += 1) await sleep(100);
  return statSync(path).size;
}

describe('the state of the local stack, when its contents are deleted,', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'longshore-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shrinks in the emulator of Cosmos DB, while it runs', async () => {
    const path = join(folder, 'cosmos.sqlite');
    const emulator = await startCosmosEmulator({ path });
    const client = new CosmosClient({ endpoint: emulator.endpoint, key: emulator.key });
    try {
      const { database } = await client.databases.createIfNotExists({ id: 'd' });
      const { container } = await database.containers.createIfNotExists({
        id: 'c',
        partitionKey: { paths: ['/pk'] },
        defaultTtl: -1,
      });
      for (let count = 0; count < 500; count += 1)
        await container.items.create({ id: String(count), pk: 'p', text, ttl: count === 0 ? -1 : 8 });
      expect(statSync(path).size).toBeGreaterThan(16 * mib);
      expect(await sizeBelow(path, 8 * mib)).toBeLessThanOrEqual(8 * mib);
      expect((await container.item('0', 'p').read<{ text: string }>()).resource?.text).toBe(text);
    } finally {
      client.dispose();
      await emulator.stop();
    }
  }, 60_000);

  it('shrinks in the emulator, for a file that an earlier version has made', () => {
    const path = join(folder, 'earlier.sqlite');
    const earlier = new DatabaseSync(path);
    earlier.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x TEXT)');
    const insert = earlier.prepare('INSERT INTO t VALUES (?)');
    for (let count = 0; count < 200; count += 1) insert.run(text);
    earlier.exec('DELETE FROM t WHERE rowid > 1');
    earlier.close();
    expect(statSync(path).size).toBeGreaterThan(10 * mib);
    const db = openDatabase(path);
    expect(db.prepare('SELECT x FROM t').all()).toEqual([{ x: text }]);
    expect(db.prepare('PRAGMA auto_vacuum').get()).toEqual({ auto_vacuum: 2 });
    db.close();
    expect(statSync(path).size).toBeLessThan(mib);
  });

  it('shrinks in the topic, while it runs', async () => {
    const path = join(folder, 'topic.sqlite');
    const state = new StateFile(path);
    state.add(
      Array.from({ length: 500 }, () => ({
        json: JSON.stringify(text),
        targets: [{ subscription: 'gone', expires: 1 }],
      })),
      0,
    );
    state.close();
    expect(statSync(path).size).toBeGreaterThan(30 * mib);
    const key = Buffer.alloc(32, 1).toString('base64');
    const topic = await startEventGrid({ keys: [key, key], subscriptions: [], statePath: path });
    try {
      expect(await sizeBelow(path, 8 * mib)).toBeLessThanOrEqual(8 * mib);
    } finally {
      await topic.stop();
    }
  }, 60_000);
});
