import type { OperationInput, OperationResponse } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { HIERARCHICAL, refusal, select, useEmulator } from './harness.ts';

const bed = useEmulator();
const create = (id: string, more: object = {}): OperationInput => ({
  operationType: 'Create',
  resourceBody: { id, pk: 'x', ...more },
});
const statuses = (result: OperationResponse[] | undefined): number[] | undefined =>
  result?.map(({ statusCode }) => statusCode);

describe('a transactional batch', () => {
  it('does all of its operations and answers each with its etag', async () => {
    const container = await bed.newContainer();
    for (const id of ['replaced', 'deleted', 'read', 'patched']) await container.items.create({ id, pk: 'x', n: 1 });
    const { code, result } = await container.items.batch(
      [
        create('created'),
        { operationType: 'Upsert', resourceBody: { id: 'upserted', pk: 'x' } },
        { operationType: 'Replace', id: 'replaced', resourceBody: { id: 'replaced', pk: 'x', n: 2 } },
        { operationType: 'Delete', id: 'deleted' },
        { operationType: 'Read', id: 'read' },
        { operationType: 'Patch', id: 'patched', resourceBody: { operations: [{ op: 'incr', path: '/n', value: 1 }] } },
      ],
      'x',
    );
    expect(code).toBe(200);
    expect(statuses(result)).toEqual([201, 201, 200, 204, 200, 200]);
    expect(result?.[5]?.resourceBody).toMatchObject({ id: 'patched', n: 2 });
    const { etag } = await container.item('created', 'x').read();
    expect(result?.[0]?.eTag).toBe(etag);
    expect(await select(container, 'SELECT VALUE c.id FROM c ORDER BY c.id')).toEqual([
      'created',
      'patched',
      'read',
      'replaced',
      'upserted',
    ]);
  });

  it('does none of them when one fails, and says 424 for the others', async () => {
    const container = await bed.newContainer();
    await container.items.create({ id: 'taken', pk: 'x' });
    const { code, result } = await container.items.batch([create('a'), create('taken'), create('b')], 'x');
    expect(code).toBe(207);
    expect(statuses(result)).toEqual([424, 409, 424]);
    expect(await select(container, 'SELECT VALUE c.id FROM c')).toEqual(['taken']);
  });

  it('sees its own earlier operations', async () => {
    const container = await bed.newContainer();
    const { result } = await container.items.batch([create('a'), { operationType: 'Read', id: 'a' }, create('a')], 'x');
    expect(statuses(result)).toEqual([424, 424, 409]);
  });

  it('honours ifMatch of an operation', async () => {
    const container = await bed.newContainer();
    const { etag } = await container.items.create({ id: 'a', pk: 'x', n: 1 });
    const replace = (n: number): OperationInput => ({
      operationType: 'Replace',
      id: 'a',
      ifMatch: etag,
      resourceBody: { id: 'a', pk: 'x', n },
    });
    expect((await container.items.batch([replace(2)], 'x')).code).toBe(200);
    const { code, result } = await container.items.batch([create('b'), replace(3)], 'x');
    expect([code, statuses(result)]).toEqual([207, [424, 412]]);
    expect(await select(container, 'SELECT VALUE c.n FROM c WHERE c.id = "a"')).toEqual([2]);
  });

  it('works in a partition of a hierarchical key', async () => {
    const container = await bed.newContainer(HIERARCHICAL);
    const resourceBody = { id: 'a', registry: 'r', repository: 'one' };
    expect((await container.items.batch([{ operationType: 'Create', resourceBody }], ['r', 'one'])).code).toBe(200);
    expect((await container.item('a', ['r', 'one']).read()).statusCode).toBe(200);
  });

  it('is refused as a whole when a document lies in another partition', async () => {
    const container = await bed.newContainer();
    const { code, result } = await container.items.batch([create('a'), create('b', { pk: 'y' })], 'x');
    expect([code, statuses(result)]).toEqual([207, [424, 400]]);
    expect(await select(container, 'SELECT * FROM c')).toEqual([]);
  });

  it('is refused when an operation names another partition', async () => {
    const container = await bed.newContainer();
    const { code, result } = await container.items.batch(
      [create('a'), { operationType: 'Delete', id: 'a', partitionKey: 'y' }],
      'x',
    );
    expect([code, statuses(result)]).toEqual([207, [424, 400]]);
  });

  it('takes a hundred operations', async () => {
    const container = await bed.newContainer();
    const { code } = await container.items.batch(
      Array.from({ length: 100 }, (_, n) => create(`i${n}`)),
      'x',
    );
    expect(code).toBe(200);
  });

  it('is refused above 2 MB', async () => {
    const container = await bed.newContainer();
    const operations = Array.from({ length: 3 }, (_, n) => create(`i${n}`, { text: 'x'.repeat(800_000) }));
    expect((await refusal(container.items.batch(operations, 'x'))).message).toContain('too large');
  });

  it('leaves the documents out when the client asks for a minimal answer', async () => {
    const container = await bed.newContainer();
    const { result } = await container.items.batch([create('a')], 'x', { contentResponseOnWriteEnabled: false });
    expect(result?.[0]).toMatchObject({ statusCode: 201, eTag: expect.any(String) as string });
    expect(result?.[0]).not.toHaveProperty('resourceBody');
  });

  it('of two that create the same item at once, one wins whole', async () => {
    const container = await bed.newContainer();
    const batch = (owner: string) => container.items.batch([create('lock', { owner }), create(`by-${owner}`)], 'x');
    const codes = (await Promise.all(['a', 'b', 'c'].map(batch))).map(({ code }) => code);
    expect(codes.sort()).toEqual([200, 207, 207]);
    expect(await select(container, 'SELECT VALUE COUNT(1) FROM c')).toEqual([2]);
  });
});
