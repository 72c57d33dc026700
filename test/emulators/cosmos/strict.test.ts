import type { ContainerDefinition } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { createAll, HIERARCHICAL, refusal, select, useEmulator } from './harness.ts';

const strict = useEmulator();
const lenient = useEmulator({ strict: false });

const TWO = 'SELECT COUNT(1) AS n, MAX(c.n) AS most FROM c';
const BY_TWO = 'SELECT * FROM c ORDER BY c.a ASC, c.b DESC';
const indexed: ContainerDefinition = {
  indexingPolicy: {
    compositeIndexes: [
      [
        { path: '/a', order: 'ascending' },
        { path: '/b', order: 'descending' },
      ],
    ],
  },
};

describe('strict mode', () => {
  it('refuses aggregates without VALUE over several partitions, as the SDK does against the service', async () => {
    const container = await strict.newContainer();
    expect(await refusal(select(container, TWO))).toMatchObject({
      code: 400,
      message: 'Aggregate queries must use the VALUE keyword',
    });
    expect(await select(container, TWO, { partitionKey: 'x' })).toEqual([{ n: 0 }]);
  });

  it('counts a prefix of a hierarchical key as several partitions', async () => {
    const container = await strict.newContainer(HIERARCHICAL);
    expect((await refusal(select(container, TWO, { partitionKey: ['r'] }))).code).toBe(400);
    expect(await select(container, TWO, { partitionKey: ['r', 'x'] })).toEqual([{ n: 0 }]);
  });

  it('refuses an order over several properties without its composite index, with the service’s words', async () => {
    const message = expect.stringContaining(
      'The order by query does not have a corresponding composite index that it can be served from.',
    ) as string;
    expect(await refusal(select(await strict.newContainer(), BY_TWO))).toMatchObject({ code: 400, message });
  });

  it.each([
    ['SELECT * FROM c ORDER BY c.a ASC, c.b DESC', true],
    ['SELECT * FROM c ORDER BY c.a DESC, c.b ASC', true],
    ['SELECT * FROM c ORDER BY c.a ASC, c.b ASC', false],
    ['SELECT * FROM c ORDER BY c.b DESC, c.a ASC', false],
    ['SELECT * FROM c ORDER BY c.a, c.b DESC, c.c', false],
    ['SELECT * FROM c ORDER BY c.b', true],
  ])('with a composite index on a ascending, b descending: %s is served: %s', async (query, isServed) => {
    const container = await strict.newContainer(indexed);
    const outcome = await select(container, query).then(
      () => true,
      () => false,
    );
    expect(outcome).toBe(isServed);
  });
});

describe('strict mode, on a property that the indexing policy leaves out,', () => {
  const policy: ContainerDefinition = {
    indexingPolicy: {
      includedPaths: [{ path: '/*' }, { path: '/big/name/?' }],
      excludedPaths: [{ path: '/big/*' }, { path: '/"odd name"/?' }, { path: '/_ts/?' }],
    },
  };

  it.each([
    ['c.small', true],
    ['c.big.name', true],
    ['c._ts', true],
    ['c.big', false],
    ['c.big.other', false],
    ['c["odd name"]', false],
  ])('an order by %s is served: %s', async (path, isServed) => {
    const container = await strict.newContainer(policy);
    expect(
      await select(container, `SELECT * FROM c ORDER BY ${path}`).then(
        () => true,
        () => false,
      ),
    ).toBe(isServed);
  });

  it('a filter still works', async () => {
    const container = await strict.newContainer(policy);
    await createAll(container, [{ id: 'a', pk: 'x', big: { other: 1 } }]);
    expect(await select(container, 'SELECT VALUE c.id FROM c WHERE c.big.other = 1')).toEqual(['a']);
  });
});

describe('without strict mode', () => {
  it('these queries are answered', async () => {
    const container = await lenient.newContainer();
    await createAll(container, [
      { id: 'a', pk: 'x', n: 1, a: 1, b: 1 },
      { id: 'b', pk: 'y', n: 2, a: 1, b: 2 },
    ]);
    expect(await select(container, TWO)).toEqual([{ n: 2, most: 2 }]);
    expect(await select(container, BY_TWO)).toMatchObject([{ id: 'b' }, { id: 'a' }]);
  });
});
