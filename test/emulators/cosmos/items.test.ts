import type { Container, JSONObject } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { HIERARCHICAL, refusal, select, useEmulator } from './harness.ts';

const bed = useEmulator();
const ifMatch = (condition: string) => ({ accessCondition: { type: 'IfMatch', condition } });

describe('creating an item', () => {
  it('adds the system properties', async () => {
    const container = await bed.newContainer();
    const before = Math.floor(Date.now() / 1000);
    const { resource, statusCode, etag } = await container.items.create({
      id: 'a',
      pk: 'x',
      deep: { list: [1, null, 'ü'] },
    });
    expect(statusCode).toBe(201);
    expect(resource).toMatchObject({ id: 'a', pk: 'x', deep: { list: [1, null, 'ü'] }, _etag: etag });
    expect(resource?._ts).toBeGreaterThanOrEqual(before);
    expect(resource?._self).toContain(resource?._rid);
  });

  it('refuses an id that the partition has, and takes it in another partition', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'a', pk: 'x' });
    expect((await refusal(container.items.create({ id: 'a', pk: 'x' }))).code).toBe(409);
    expect((await container.items.create({ id: 'a', pk: 'y' })).statusCode).toBe(201);
  });

  it('keeps partition keys of different types apart', async () => {
    const container = await bed.newContainer();
    for (const pk of [1, '1', true, null]) await container.items.create({ id: 'a', pk });
    await container.items.create({ id: 'a' });
    expect(await select(container, 'SELECT VALUE COUNT(1) FROM c')).toEqual([5]);
    expect((await container.item('a', '1').read<{ pk: unknown }>()).resource?.pk).toBe('1');
  });

  it('tells items apart by every level of a hierarchical key', async () => {
    const container = await bed.newContainer(HIERARCHICAL);
    await container.items.create({ id: 'a', registry: 'r', repository: 'one' });
    await container.items.create({ id: 'a', registry: 'r', repository: 'two' });
    const { resource } = await container.item('a', ['r', 'two']).read<{ repository: string }>();
    expect(resource?.repository).toBe('two');
  });

  it('takes an item of 2 MB and refuses a larger one', async () => {
    const container = await bed.newContainer();
    const text = 'x'.repeat(2 * 1024 * 1024 - 500);
    expect((await container.items.create({ id: 'fits', pk: 'x', text })).statusCode).toBe(201);
    expect(
      (await refusal(container.items.create({ id: 'not', pk: 'x', text: `${text}${'x'.repeat(600)}` }))).code,
    ).toBe(413);
    expect((await refusal(container.items.create({ id: 'not', pk: 'x', text: 'ü'.repeat(1024 * 1024) }))).code).toBe(
      413,
    );
  });

  it('counts the id in bytes', async () => {
    const container = await bed.newContainer();
    expect((await container.items.create({ id: 'x'.repeat(1023), pk: 'x' })).statusCode).toBe(201);
    expect((await refusal(container.items.create({ id: 'ü'.repeat(512), pk: 'x' }))).code).toBe(400);
  });

  it('is refused when it is nested deeper than 128 levels', async () => {
    const container = await bed.newContainer();
    const nested = (levels: number): JSONObject => (levels === 1 ? {} : { in: nested(levels - 1) });
    expect((await container.items.create({ id: 'fits', pk: 'x', deep: nested(127) })).statusCode).toBe(201);
    expect((await refusal(container.items.create({ id: 'not', pk: 'x', deep: nested(128) }))).code).toBe(400);
  });

  it('refuses a question mark in an id, which the SDK lets through', async () => {
    const container = await bed.newContainer();
    expect((await refusal(container.items.create({ id: 'a?b', pk: 'x' }))).code).toBe(400);
  });

  it('refuses a document that lies in another partition than the request', async () => {
    const container = await bed.newContainer();
    const options = { initialHeaders: { 'x-ms-documentdb-partitionkey': '["other"]' } } as object;
    expect(await refusal(container.items.create({ id: 'a', pk: 'x' }, options))).toMatchObject({
      code: 400,
      substatus: 1001,
    });
  });

  it('ignores system properties that a client sends back', async () => {
    const container = await bed.newContainer();
    const { resource } = await container.items.create({ id: 'a', pk: 'x', _etag: 'mine', _ts: 1, _lsn: 2 } as {
      id: string;
      pk: string;
    });
    expect(resource).toMatchObject({ _etag: expect.not.stringMatching('mine') as string });
    expect(resource?._ts).toBeGreaterThan(1);
    expect(resource).not.toHaveProperty('_lsn');
  });
});

describe('reading an item', () => {
  it('answers 404 for one that is not there', async () => {
    const container = await bed.newContainer();
    const answer = await container.item('none', 'x').read<{ id: string }>();
    expect([answer.statusCode, answer.resource]).toEqual([404, undefined]);
  });

  it('answers 304 while the reader holds the current version', async () => {
    const container = await bed.newContainer();
    const { etag } = await container.items.create({ id: 'a', pk: 'x' });
    const ifNoneMatch = { accessCondition: { type: 'IfNoneMatch', condition: etag } };
    expect((await container.item('a', 'x').read(ifNoneMatch)).statusCode).toBe(304);
    await container.items.upsert({ id: 'a', pk: 'x', n: 2 });
    expect((await container.item('a', 'x').read(ifNoneMatch)).statusCode).toBe(200);
  });

  it('needs every level of the key', async () => {
    const container = await bed.newContainer(HIERARCHICAL);
    await container.items.create({ id: 'a', registry: 'r', repository: 'one' });
    expect((await refusal(container.item('a', ['r']).read())).code).toBe(400);
  });
});

describe('replacing an item', () => {
  it('gives it a new etag and keeps its rid', async () => {
    const container = await bed.newContainer();
    const created = await container.items.create({ id: 'a', pk: 'x', n: 1 });
    const replaced = await container.item('a', 'x').replace({ id: 'a', pk: 'x', n: 2 });
    expect(replaced.resource).toMatchObject({ n: 2, _rid: created.resource?._rid });
    expect(replaced.etag).not.toBe(created.etag);
  });

  it('is refused when If-Match names an older version', async () => {
    const container = await bed.newContainer();
    const { etag } = await container.items.create({ id: 'a', pk: 'x' });
    expect((await container.item('a', 'x').replace({ id: 'a', pk: 'x' }, ifMatch(etag))).statusCode).toBe(200);
    expect((await refusal(container.item('a', 'x').replace({ id: 'a', pk: 'x' }, ifMatch(etag)))).code).toBe(412);
  });

  it('answers 404 for one that is not there', async () => {
    const container = await bed.newContainer();
    expect((await refusal(container.item('a', 'x').replace({ id: 'a', pk: 'x' }))).code).toBe(404);
  });

  it('cannot change the id or the partition', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'a', pk: 'x' });
    expect((await refusal(container.item('a', 'x').replace({ id: 'b', pk: 'x' }))).code).toBe(400);
    expect((await refusal(container.item('a', 'x').replace({ id: 'a', pk: 'y' }))).code).toBe(400);
  });

  it('lets exactly one of many concurrent writers win with one etag', async () => {
    const container = await bed.newContainer();
    const { etag } = await container.items.create({ id: 'a', pk: 'x' });
    const attempts = Array.from({ length: 8 }, (_, n) =>
      container.item('a', 'x').replace({ id: 'a', pk: 'x', n }, ifMatch(etag)),
    );
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('upserting an item', () => {
  it('creates it, then replaces it', async () => {
    const container = await bed.newContainer();
    expect((await container.items.upsert({ id: 'a', pk: 'x', n: 1 })).statusCode).toBe(201);
    const { statusCode, resource } = await container.items.upsert({ id: 'a', pk: 'x', n: 2 });
    expect([statusCode, resource]).toMatchObject([200, { n: 2 }]);
  });

  it('honours If-Match on an item that exists, and inserts where there is none', async () => {
    const container = await bed.newContainer();
    expect((await container.items.upsert({ id: 'a', pk: 'x' }, ifMatch('"old"'))).statusCode).toBe(201);
    expect((await refusal(container.items.upsert({ id: 'a', pk: 'x' }, ifMatch('"old"')))).code).toBe(412);
  });
});

describe('deleting an item', () => {
  it('removes it once', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'a', pk: 'x' });
    expect((await container.item('a', 'x').delete()).statusCode).toBe(204);
    expect((await refusal(container.item('a', 'x').delete())).code).toBe(404);
  });

  it('is refused when If-Match names an older version', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'a', pk: 'x' });
    expect((await refusal(container.item('a', 'x').delete(ifMatch('"old"')))).code).toBe(412);
  });

  it('never lets an etag come back', async () => {
    const container = await bed.newContainer();
    const etags = new Set<string>();
    for (let n = 0; n < 5; n += 1) {
      etags.add((await container.items.create({ id: 'a', pk: 'x' })).etag);
      await container.item('a', 'x').delete();
    }
    expect(etags.size).toBe(5);
  });
});

describe('unique keys', () => {
  const unique = (...paths: string[]): Promise<Container> =>
    bed.newContainer({ uniqueKeyPolicy: { uniqueKeys: [{ paths }] } });

  it('refuse a second item with the value, in one partition', async () => {
    const container = await unique('/email');
    await container.items.create({ id: 'a', pk: 'x', email: 'e' });
    expect((await refusal(container.items.create({ id: 'b', pk: 'x', email: 'e' }))).code).toBe(409);
    expect((await container.items.create({ id: 'b', pk: 'y', email: 'e' })).statusCode).toBe(201);
  });

  it('of two paths are one key', async () => {
    const container = await unique('/first', '/last/name');
    await container.items.create({ id: 'a', pk: 'x', first: 'F', last: { name: 'L' } });
    expect((await container.items.create({ id: 'b', pk: 'x', first: 'F', last: { name: 'M' } })).statusCode).toBe(201);
    expect((await refusal(container.items.create({ id: 'c', pk: 'x', first: 'F', last: { name: 'L' } }))).code).toBe(
      409,
    );
  });

  it('take a missing value as null, once', async () => {
    const container = await unique('/email');
    await container.items.create({ id: 'a', pk: 'x' });
    expect((await refusal(container.items.create({ id: 'b', pk: 'x', email: null }))).code).toBe(409);
  });

  it('tell 1 from "1" and from true', async () => {
    const container = await unique('/email');
    for (const email of [1, '1', true]) expect((await container.items.create({ pk: 'x', email })).statusCode).toBe(201);
  });

  it('hold for replacements too, and let an item keep its own value', async () => {
    const container = await unique('/email');
    await container.items.create({ id: 'a', pk: 'x', email: 'e' });
    await container.items.create({ id: 'b', pk: 'x', email: 'f' });
    expect((await refusal(container.item('b', 'x').replace({ id: 'b', pk: 'x', email: 'e' }))).code).toBe(409);
    expect((await container.item('a', 'x').replace({ id: 'a', pk: 'x', email: 'e', n: 1 })).statusCode).toBe(200);
  });
});
