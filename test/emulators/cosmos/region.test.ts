import type { Container } from '@azure/cosmos';
import { afterEach, describe, expect, it } from 'vitest';
import { createAll, refusal, select, startFrom, useEmulator } from './harness.ts';

const LAG_MS = 5000;
let ahead = 0;
const bed = useEmulator({
  now: () => Date.now() + ahead,
  region: 'West',
  readRegions: [{ name: 'North', lagMs: LAG_MS }],
});
const pass = (ms: number): void => void (ahead += ms);
afterEach(() => bed.emulator.setLag(LAG_MS));

/** The same container for a client that prefers the read region. */
const fromNorth = (container: Container): Container =>
  bed
    .connect({ connectionPolicy: { preferredLocations: ['North'] } })
    .database('test')
    .container(container.id);

describe('the account document', () => {
  it('lists one region to write to and two to read from', async () => {
    const { resource } = await bed.client.getDatabaseAccount();
    expect(resource?.writableLocations).toEqual([{ name: 'West', databaseAccountEndpoint: bed.emulator.endpoint }]);
    expect(resource?.readableLocations).toEqual([
      { name: 'West', databaseAccountEndpoint: bed.emulator.endpoint },
      { name: 'North', databaseAccountEndpoint: bed.emulator.readEndpoints[0] },
    ]);
  });
});

describe('the read region', () => {
  it('is where a client that prefers it reads, and the write region where it writes', async () => {
    const north = fromNorth(await bed.newContainer());
    expect((await north.items.create({ id: 'a', pk: 'x' })).statusCode).toBe(201);
    expect((await north.item('a', 'x').read()).statusCode).toBe(404);
    pass(LAG_MS);
    expect((await north.item('a', 'x').read()).statusCode).toBe(200);
  });

  it('shows each version when its time has come, and not before', async () => {
    const west = await bed.newContainer();
    const north = fromNorth(west);
    await west.items.create({ id: 'a', pk: 'x', n: 1 });
    pass(2000);
    await west.items.upsert({ id: 'a', pk: 'x', n: 2 });
    pass(2000);
    await west.item('a', 'x').delete();
    const seen: unknown[] = [];
    for (const step of [1000, 2000, 2000]) {
      pass(step);
      seen.push((await north.item('a', 'x').read<{ n: number }>()).resource?.n);
    }
    expect(seen).toEqual([1, 2, undefined]);
  });

  it('answers queries, counts and the change feed as of then', async () => {
    const west = await bed.newContainer();
    const north = fromNorth(west);
    await createAll(
      west,
      [1, 2, 3].map((n) => ({ id: `i${n}`, pk: 'x', n })),
    );
    pass(LAG_MS);
    await west.items.upsert({ id: 'i1', pk: 'x', n: 10 });
    await west.item('i2', 'x').delete();
    expect(await select(north, 'SELECT VALUE c.n FROM c WHERE c.n < 5 ORDER BY c.n DESC')).toEqual([3, 2, 1]);
    expect(await select(north, 'SELECT VALUE COUNT(1) FROM c')).toEqual([3]);
    expect(await select(west, 'SELECT VALUE c.n FROM c ORDER BY c.n')).toEqual([3, 10]);
    const feed = north.items.getChangeFeedIterator<{ id: string }>({ changeFeedStartFrom: startFrom.beginning() });
    expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['i1', 'i2', 'i3']);
    pass(LAG_MS);
    expect((await feed.readNext()).result.map(({ id }) => id)).toEqual(['i1']);
  });

  it('shows all of a batch at once', async () => {
    const west = await bed.newContainer();
    const north = fromNorth(west);
    await west.items.batch(
      ['a', 'b'].map((id) => ({ operationType: 'Create' as const, resourceBody: { id, pk: 'x' } })),
      'x',
    );
    expect(await select(north, 'SELECT VALUE COUNT(1) FROM c')).toEqual([0]);
    pass(LAG_MS);
    expect(await select(north, 'SELECT VALUE COUNT(1) FROM c')).toEqual([2]);
  });

  it('follows at once when the lag is set to nothing', async () => {
    const west = await bed.newContainer();
    await west.items.create({ id: 'a', pk: 'x' });
    bed.emulator.setLag(0);
    expect((await fromNorth(west).item('a', 'x').read()).statusCode).toBe(200);
  });

  it('refuses writes with 403 and sub-status 3', async () => {
    const west = await bed.newContainer();
    const client = bed.connect({
      endpoint: bed.emulator.readEndpoints[0] ?? '',
      connectionPolicy: { enableEndpointDiscovery: false },
    });
    const north = client.database('test').container(west.id);
    expect(await refusal(north.items.create({ id: 'a', pk: 'x' }))).toMatchObject({ code: 403, substatus: 3 });
    expect((await refusal(client.databases.create({ id: 'new' }))).code).toBe(403);
    expect((await west.item('a', 'x').read()).statusCode).toBe(404);
  });

  it('refuses a session that it has not caught up with', async () => {
    const west = await bed.newContainer();
    const { headers } = await west.items.create({ id: 'a', pk: 'x' });
    const sessionToken = headers['x-ms-session-token'] as string;
    const policy = {
      connectionPolicy: { enableEndpointDiscovery: false },
      endpoint: bed.emulator.readEndpoints[0] ?? '',
    };
    const north = bed.connect(policy).database('test').container(west.id);
    expect((await north.item('a', 'x').read({ sessionToken })).substatus).toBe(1002);
    pass(LAG_MS);
    expect((await north.item('a', 'x').read({ sessionToken })).statusCode).toBe(200);
  });

  it('takes over the id of an item that was deleted and made again', async () => {
    const west = await bed.newContainer();
    await west.items.create({ id: 'a', pk: 'x', n: 1 });
    await west.item('a', 'x').delete();
    await west.items.create({ id: 'a', pk: 'x', n: 2 });
    pass(LAG_MS);
    expect(await select(fromNorth(west), 'SELECT VALUE c.n FROM c')).toEqual([2]);
  });

  it('lets items expire as well', async () => {
    const west = await bed.newContainer({ defaultTtl: 60 });
    await west.items.create({ id: 'a', pk: 'x' });
    pass(61_000);
    expect((await fromNorth(west).item('a', 'x').read()).statusCode).toBe(404);
  });
});

describe('several read regions', () => {
  const three = useEmulator({
    now: () => Date.now() + ahead,
    region: 'West',
    readRegions: [
      { name: 'North', lagMs: 2_000 },
      { name: 'East', lagMs: 4_000 },
    ],
  });

  it('are each as far behind as they are set to be', async () => {
    const west = await three.newContainer();
    const regions = ['North', 'East'].map((name) =>
      three
        .connect({ connectionPolicy: { preferredLocations: [name] } })
        .database('test')
        .container(west.id),
    );
    const seen = () => Promise.all(regions.map(async (region) => (await region.item('a', 'x').read()).statusCode));
    await west.items.create({ id: 'a', pk: 'x' });
    expect(await seen()).toEqual([404, 404]);
    pass(2_000);
    expect(await seen()).toEqual([200, 404]);
    pass(2_000);
    expect(await seen()).toEqual([200, 200]);
  });
});
