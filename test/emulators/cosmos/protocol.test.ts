import { CosmosClient } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { HIERARCHICAL, refusal, signedFetch, useEmulator } from './harness.ts';

const bed = useEmulator();

describe('authorization', () => {
  it('refuses a request that is signed with another key', async () => {
    const stranger = bed.connect({ key: Buffer.alloc(64, 7).toString('base64') });
    expect((await refusal(stranger.databases.readAll().fetchAll())).code).toBe(401);
  });

  it('refuses a request that is not signed at all', async () => {
    expect((await fetch(`${bed.emulator.endpoint}dbs`)).status).toBe(401);
  });

  it('refuses a signature for another resource', async () => {
    await bed.client.databases.createIfNotExists({ id: 'test' });
    expect((await signedFetch(bed.emulator, 'GET', 'dbs/test/colls')).status).toBe(200);
    expect((await signedFetch(bed.emulator, 'GET', 'dbs/test/colls', undefined, 'dbs')).status).toBe(401);
  });

  it('accepts names with spaces and letters beyond ASCII', async () => {
    const container = await bed.newContainer({ id: 'ein Behälter' });
    await container.items.create({ id: 'größe 1+1=2 %', pk: 'ü' });
    expect((await container.item('größe 1+1=2 %', 'ü').read()).statusCode).toBe(200);
  });
});

describe('databases and containers', () => {
  it('creates, reads, lists and deletes a database', async () => {
    const { database } = await bed.client.databases.create({ id: 'short-lived' });
    expect((await database.read()).resource?.id).toBe('short-lived');
    const { resources } = await bed.client.databases.readAll().fetchAll();
    expect(resources.map(({ id }) => id)).toContain('short-lived');
    await database.delete();
    expect((await refusal(database.read())).code).toBe(404);
  });

  it('deletes a database together with its containers', async () => {
    const { database } = await bed.client.databases.create({ id: 'parent' });
    const { container } = await database.containers.create({ id: 'child', partitionKey: '/pk' });
    await database.delete();
    await bed.client.databases.create({ id: 'parent' });
    expect((await refusal(container.read())).code).toBe(404);
  });

  it('refuses a second database or container of one name', async () => {
    await bed.client.databases.createIfNotExists({ id: 'test' });
    expect((await refusal(bed.client.databases.create({ id: 'test' }))).code).toBe(409);
    const { id } = await bed.newContainer();
    expect((await refusal(bed.newContainer({ id }))).code).toBe(409);
  });

  it('keeps a container’s definition, composite indexes and all', async () => {
    const compositeIndexes = [
      [
        { path: '/a', order: 'ascending' as const },
        { path: '/b', order: 'descending' as const },
      ],
    ];
    const container = await bed.newContainer({
      ...HIERARCHICAL,
      defaultTtl: 60,
      indexingPolicy: { compositeIndexes },
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/a', '/b'] }] },
    });
    const { resource } = await container.read();
    expect(resource).toMatchObject({ ...HIERARCHICAL, defaultTtl: 60, indexingPolicy: { compositeIndexes } });
  });

  it('lists the containers of a database', async () => {
    const { id } = await bed.newContainer();
    const { resources } = await bed.client.database('test').containers.readAll().fetchAll();
    expect(resources.map((resource) => resource.id)).toContain(id);
  });

  it('has one key range', async () => {
    const container = await bed.newContainer();
    const { resources } = await container.readPartitionKeyRanges().fetchAll();
    expect(resources).toMatchObject([{ id: '0', minInclusive: '', maxExclusive: 'FF' }]);
  });

  it.each([
    ['a key of two paths that is not hierarchical', { partitionKey: { paths: ['/a', '/b'] } }],
    [
      'a hierarchical key of four levels',
      { partitionKey: { paths: ['/a', '/b', '/c', '/d'], kind: 'MultiHash', version: 2 } },
    ],
    ['a default TTL of 0', { defaultTtl: 0 }],
    ['a name with a slash', { id: 'a/b' }],
    ['a unique key without paths', { uniqueKeyPolicy: { uniqueKeys: [{ paths: [] }] } }],
  ])('refuses %s', async (_, definition) => {
    await bed.client.databases.createIfNotExists({ id: 'test' });
    const body = { id: 'bad', partitionKey: { paths: ['/pk'] }, ...definition };
    expect((await signedFetch(bed.emulator, 'POST', 'dbs/test/colls', body)).status).toBe(400);
  });

  it('names a feature of containers that it does not have', async () => {
    await bed.client.databases.createIfNotExists({ id: 'test' });
    const body = {
      id: 'bad',
      partitionKey: { paths: ['/pk'] },
      computedProperties: [{ name: 'n', query: 'SELECT VALUE 1 FROM c' }],
    };
    const response = await signedFetch(bed.emulator, 'POST', 'dbs/test/colls', body);
    expect([response.status, await response.text()]).toEqual([501, expect.stringContaining('computedProperties')]);
  });
});

describe('responses', () => {
  it('carry the charge, the session, the activity and the etag', async () => {
    const container = await bed.newContainer();
    const { headers, etag } = await container.items.create({ id: 'a', pk: 'x' });
    expect(Number(headers['x-ms-request-charge'])).toBeGreaterThan(1);
    expect(headers['x-ms-session-token']).toMatch(/^0:-1#\d+$/);
    expect(headers['x-ms-activity-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['etag']).toBe(etag);
  });

  it('charge more for a larger item and for a query that examines more', async () => {
    const container = await bed.newContainer();
    const small = await container.items.create({ id: 'small', pk: 'x' });
    const large = await container.items.create({ id: 'large', pk: 'x', text: 'x'.repeat(50_000) });
    expect(large.requestCharge).toBeGreaterThan(small.requestCharge * 5);
    const both = await container.items.query('SELECT * FROM c WHERE c.nothing != 1').fetchAll();
    const one = await container.items.query('SELECT * FROM c WHERE c.id = "small" AND c.nothing != 1').fetchAll();
    expect(both.requestCharge).toBeGreaterThan(one.requestCharge);
  });

  it('name what is not implemented', async () => {
    const container = await bed.newContainer();
    const sproc = await refusal(container.scripts.storedProcedure('x').execute('pk', []));
    expect(sproc).toMatchObject({ code: 501, message: expect.stringContaining('sprocs') as string });
    const bulk = await container.items.executeBulkOperations([
      { operationType: 'Create', resourceBody: { id: 'a', pk: 'x' }, partitionKey: 'x' },
    ]);
    expect(bulk[0]?.error).toMatchObject({ code: 501 });
  });

  it('keep two emulators in one process apart', async () => {
    const { startCosmosEmulator } = await import('../../../emulators/cosmos/emulator.ts');
    const other = await startCosmosEmulator({ path: ':memory:' });
    const client = new CosmosClient({ endpoint: other.endpoint, key: other.key });
    expect((await client.databases.readAll().fetchAll()).resources).toEqual([]);
    client.dispose();
    await other.stop();
  });
});
