import type { Container, ContainerDefinition, SqlQuerySpec } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { createAll, refusal, select, useEmulator } from './harness.ts';

const bed = useEmulator();
const compositeIndexes = [
  [
    { path: '/kind', order: 'ascending' as const },
    { path: '/n', order: 'descending' as const },
  ],
];
const definition: ContainerDefinition = { indexingPolicy: { compositeIndexes } };

async function numbers(count: number): Promise<Container> {
  const container = await bed.newContainer(definition);
  await createAll(
    container,
    Array.from({ length: count }, (_, n) => ({ id: `i${n}`, pk: `p${n % 3}`, n, kind: n % 4 })),
  );
  return container;
}

/** The SDK's type does not say that the last page has none. */
const tokenOf = (page: { continuationToken?: string }): string | undefined => page.continuationToken;

/** Reads page by page with a new iterator for each, from its token alone; `between` runs after each page. */
async function pages(
  container: Container,
  query: string | SqlQuerySpec,
  size: number,
  between?: (page: number) => Promise<unknown>,
): Promise<unknown[][]> {
  const result: unknown[][] = [];
  let continuationToken: string | undefined;
  do {
    const options = { maxItemCount: size, ...(continuationToken === undefined ? {} : { continuationToken }) };
    const page = await container.items.query<unknown>(query, options).fetchNext();
    result.push(page.resources);
    continuationToken = tokenOf(page);
    if (continuationToken !== undefined) await between?.(result.length);
  } while (continuationToken !== undefined);
  return result;
}

describe('pages', () => {
  it('hold at most the asked number of items, and the last has no token', async () => {
    const container = await numbers(10);
    const result = await pages(container, 'SELECT VALUE c.n FROM c', 4);
    expect(result.map((page) => page.length)).toEqual([4, 4, 2]);
    expect(result.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('never end with an empty one', async () => {
    const container = await numbers(8);
    expect(await pages(container, 'SELECT VALUE c.n FROM c WHERE c.n < 4', 4)).toHaveLength(1);
  });

  it.each([
    ['SELECT VALUE c.n FROM c ORDER BY c.n', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['SELECT VALUE c.n FROM c ORDER BY c.n DESC', [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ['SELECT VALUE c.n FROM c ORDER BY c.kind, c.n DESC', [8, 4, 0, 9, 5, 1, 10, 6, 2, 11, 7, 3]],
    ['SELECT VALUE c.n FROM c ORDER BY c.kind DESC, c.n ASC', [3, 7, 11, 2, 6, 10, 1, 5, 9, 0, 4, 8]],
    ['SELECT VALUE c.n FROM c WHERE c.kind = 1 ORDER BY c.n DESC', [9, 5, 1]],
    ['SELECT VALUE c.n FROM c WHERE c.n > 3 ORDER BY c.n DESC', [11, 10, 9, 8, 7, 6, 5, 4]],
    ['SELECT VALUE c.n FROM c WHERE c.kind IN (1, 3) ORDER BY c.n', [1, 3, 5, 7, 9, 11]],
    ['SELECT TOP 5 VALUE c.n FROM c ORDER BY c.n DESC', [11, 10, 9, 8, 7]],
    ['SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 3 LIMIT 5', [3, 4, 5, 6, 7]],
    ['SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 20 LIMIT 5', []],
    ['SELECT TOP 0 VALUE c.n FROM c ORDER BY c.n', []],
  ])('of any size give the same results in the same order: %s', async (query, expected) => {
    const container = await numbers(12);
    for (const size of [1, 2, 5, 100]) expect((await pages(container, query, size)).flat()).toEqual(expected);
  });

  it('take the count of TOP, OFFSET and LIMIT from parameters', async () => {
    const container = await numbers(6);
    const parameters = [
      { name: '@o', value: 1 },
      { name: '@l', value: 2 },
    ];
    expect(
      await select(container, { query: 'SELECT VALUE c.n FROM c ORDER BY c.n OFFSET @o LIMIT @l', parameters }),
    ).toEqual([1, 2]);
  });

  it('are not disturbed by items that are inserted before the place of reading', async () => {
    const container = await numbers(9);
    const insert = (page: number): Promise<unknown> => container.items.create({ id: `new${page}`, pk: 'p0', n: -page });
    expect((await pages(container, 'SELECT VALUE c.n FROM c ORDER BY c.n', 3, insert)).flat()).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it('show items that are inserted behind the place of reading', async () => {
    const container = await numbers(6);
    const insert = (page: number): Promise<unknown> => container.items.upsert({ id: 'new', pk: 'p0', n: 100 + page });
    expect((await pages(container, 'SELECT VALUE c.n FROM c ORDER BY c.n', 4, insert)).flat()).toEqual([
      0, 1, 2, 3, 4, 5, 101,
    ]);
  });

  it('go on when the item that ended the last page is gone', async () => {
    const container = await numbers(9);
    const remove = (page: number): Promise<unknown> =>
      container.item(`i${page * 3 - 1}`, `p${(page * 3 - 1) % 3}`).delete();
    for (const query of ['SELECT VALUE c.n FROM c ORDER BY c.n', 'SELECT VALUE c.n FROM c']) {
      const seen = (await pages(container, query, 3, (page) => remove(page).catch(() => undefined))).flat();
      expect(new Set(seen).size).toBe(seen.length);
    }
    expect(await select(container, 'SELECT VALUE c.n FROM c ORDER BY c.n')).toEqual([0, 1, 3, 4, 6, 7, 8]);
  });

  it('split between items that are equal in the order', async () => {
    const container = await bed.newContainer();
    await createAll(
      container,
      Array.from({ length: 7 }, (_, n) => ({ id: `i${n}`, pk: 'x', same: 1, n })),
    );
    const seen = (await pages(container, 'SELECT VALUE c.n FROM c ORDER BY c.same DESC', 2)).flat();
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('end at 4 MB however many items were asked for', async () => {
    const container = await bed.newContainer();
    const text = 'x'.repeat(1_500_000);
    await createAll(
      container,
      Array.from({ length: 5 }, (_, n) => ({ id: `i${n}`, pk: 'x', n, text })),
    );
    const result = await pages(container, 'SELECT * FROM c', 100);
    expect(result.map((page) => page.length)).toEqual([3, 2]);
  });

  it('refuse a token of another query and one that is no token', async () => {
    const container = await numbers(4);
    const { continuationToken } = await container.items.query('SELECT * FROM c', { maxItemCount: 1 }).fetchNext();
    const other = container.items.query('SELECT * FROM c WHERE c.n > 1', { maxItemCount: 1, continuationToken });
    expect((await refusal(other.fetchNext())).code).toBe(400);
    expect((await refusal(container.items.query('SELECT * FROM c', { continuationToken: 'x' }).fetchNext())).code).toBe(
      400,
    );
  });

  it('also make up the list of all items', async () => {
    const container = await numbers(7);
    const { resources } = await container.items.readAll({ maxItemCount: 2 }).fetchAll();
    expect(resources).toHaveLength(7);
  });
});

describe('an order', () => {
  it('puts types in the service’s sequence and leaves nothing out', async () => {
    const container = await bed.newContainer();
    const values = [{ o: 1 }, ['a'], 'b', 'a', 2, -1, true, false, null];
    await createAll(
      container,
      values.map((v, n) => ({ id: `i${n}`, pk: 'x', v })),
    );
    await container.items.create({ id: 'missing', pk: 'x' });
    const ascending = ['missing', 'i8', 'i7', 'i6', 'i5', 'i4', 'i3', 'i2', 'i1', 'i0'];
    expect((await pages(container, 'SELECT VALUE c.id FROM c ORDER BY c.v', 3)).flat()).toEqual(ascending);
    expect((await pages(container, 'SELECT VALUE c.id FROM c ORDER BY c.v DESC', 3)).flat()).toEqual(
      ascending.toReversed(),
    );
  });

  it('of texts is by code point', async () => {
    const container = await bed.newContainer();
    const texts = ['Z', 'a', 'ä', '\u{fffd}', '\u{1f600}', 'aa', ''];
    await createAll(
      container,
      texts.map((v, n) => ({ id: `i${n}`, pk: 'x', v })),
    );
    expect(await select(container, 'SELECT VALUE c.v FROM c ORDER BY c.v')).toEqual([
      '',
      'Z',
      'a',
      'aa',
      'ä',
      '\u{fffd}',
      '\u{1f600}',
    ]);
    const above = await select(container, {
      query: 'SELECT VALUE c.v FROM c WHERE c.v > @v',
      parameters: [{ name: '@v', value: '\u{fffd}' }],
    });
    expect(above).toEqual(['\u{1f600}']);
  });
});
