import { join } from 'node:path';
import type { Database } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { afterEach, describe, expect, it } from 'vitest';
import { startCosmosEmulator } from '../../../emulators/cosmos/emulator.ts';
import { provisionCosmos } from '../../../local/stack/provision.ts';
import { azureDocuments } from '../../../shared/adapters/azure/documents.ts';
import { allStored } from '../../../shared/core/documents/pages.ts';
import { buildSchema } from '../../../shared/features/builds/plan/documents.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.reverse()) await each();
  clean = [];
});

const builds = 120;
const partition = 'builds:default';
const at = '2026-01-01T00:00:00.000Z';

/** As an earlier version wrote a build. */
function oldBuild(n: number) {
  const build = `b${String(n).padStart(7, '0')}`;
  const root = { base: 'own:default:base', tag: 'v1', task: 'app', event: `event ${n}`, updatedAt: at };
  const counts = { succeeded: 1, same: 0, notified: 0, failed: 0, stopped: 0 };
  return {
    id: `build:${build}`,
    type: 'build',
    schemaVersion: 1,
    task: partition,
    registry: 'default',
    build,
    roots: [root],
    state: 'finished',
    images: 1,
    counts,
    createdAt: at,
    endedAt: at,
    ttl: 3600,
  };
}

async function emulator(path = ':memory:') {
  const started = await startCosmosEmulator({ path });
  const cosmos = { endpoint: started.endpoint, key: started.key };
  const client = new CosmosClient(cosmos);
  clean.push(
    () => started.stop(),
    () => client.dispose(),
  );
  const { database } = await client.databases.createIfNotExists({ id: 'longshore' });
  return { cosmos, database };
}

async function makeOld(database: Database, name = 'builds', count = builds): Promise<void> {
  const { container } = await database.containers.create({ id: name, partitionKey: { paths: ['/task'] } });
  for (let n = 0; n < count; n += 1) await container.items.create(oldBuild(n));
}

async function makeVia(database: Database, count: number): Promise<void> {
  const { container } = await database.containers.create({
    id: 'builds-moving',
    partitionKey: { paths: ['/scope'] },
    defaultTtl: -1,
  });
  for (let n = 0; n < count; n += 1) {
    const { task: scope, ...rest } = oldBuild(n);
    await container.items.create({ ...rest, scope });
  }
}

async function keyOf(database: Database, name: string): Promise<string[] | undefined> {
  const { resources } = await database.containers.readAll().fetchAll();
  return resources.find(({ id }) => id === name)?.partitionKey?.paths;
}

async function expectMoved({ cosmos, database }: Awaited<ReturnType<typeof emulator>>): Promise<void> {
  expect(await keyOf(database, 'builds')).toEqual(['/scope']);
  expect(await keyOf(database, 'builds-moving')).toBeUndefined();
  const documents = azureDocuments({ ...cosmos, database: 'longshore' });
  clean.push(() => documents.dispose());
  const query = { container: 'builds' as const, partition: [partition], where: [], limit: 100 };
  const found = await allStored(documents, query, buildSchema);
  expect(found.map(({ document }) => document.build).sort()).toEqual(
    Array.from({ length: builds }, (_, n) => oldBuild(n).build),
  );
  const [raw] = (await documents.queryDocuments(query)).documents;
  expect(raw?.document).toMatchObject({ scope: partition, ttl: 3600, roots: [{ task: 'app' }] });
  expect(raw?.document).not.toHaveProperty('task');
}

const quiet = () => undefined;

describe('the builds that an earlier version wrote under another partition key', () => {
  it('are moved when the stack opens its state, and it says so', async () => {
    const world = await emulator();
    await makeOld(world.database);
    const lines: string[] = [];
    await provisionCosmos(world.cosmos, (line) => lines.push(line));
    await expectMoved(world);
    expect(lines).toEqual(['an earlier version wrote the container builds: moving its documents …']);
    await provisionCosmos(world.cosmos, (line) => lines.push(line));
    await expectMoved(world);
    expect(lines).toHaveLength(1);
  });

  it('are moved whole by the next start when one was killed while it copied them', async () => {
    const world = await emulator();
    await makeOld(world.database);
    await makeVia(world.database, 30);
    await provisionCosmos(world.cosmos, quiet);
    await expectMoved(world);
  });

  it('are moved whole by the next start when one was killed after it had deleted the old ones', async () => {
    const world = await emulator();
    await makeVia(world.database, builds);
    await provisionCosmos(world.cosmos, quiet);
    await expectMoved(world);
  });

  it('are there for who starts npm start again', async () => {
    const state = await stateFolder();
    clean.push(() => state.remove());
    const first = await startRunningStack(state.path);
    await first.stop();
    const path = join(state.path, 'cosmos.sqlite');
    const { database } = await emulator(path);
    await database.container('builds').delete();
    await makeOld(database, 'builds', 3);
    for (const each of clean.splice(1).reverse()) await each();
    const second = await startRunningStack(state.path);
    clean.push(() => second.stop());
    const { items } = (await (await fetch(`${second.url}/api/v1/builds`)).json()) as { items: { id: string }[] };
    expect(items.map(({ id }) => id).sort()).toEqual([0, 1, 2].map((n) => oldBuild(n).build));
    expect(second.told()).toContain('moving its documents');
  }, 240_000);
});
