import type { Container, SqlParameter } from '@azure/cosmos';
import { beforeAll, describe, expect, it } from 'vitest';
import { byKey, createAll, HIERARCHICAL, refusal, select, useEmulator } from './harness.ts';

const bed = useEmulator();
let fruit: Container;

beforeAll(async () => {
  fruit = await bed.newContainer();
  await createAll(fruit, [
    { id: 'apple', pk: 'tree', n: 1, ripe: true, tags: ['red', 'sweet'], origin: { country: 'de', region: 'süd' } },
    { id: 'banana', pk: 'herb', n: 2, ripe: false, tags: ['yellow'], origin: { country: 'ec' } },
    { id: 'cherry', pk: 'tree', n: 3, ripe: null, tags: [{ colour: 'red', sour: true }] },
    { id: 'date', pk: 'tree', n: '4' },
    { id: 'elderberry', pk: 'herb', 'odd name': { value: 5 }, n: 5.5 },
  ]);
});

/** The ids that a filter selects, sorted. */
async function ids(where: string, parameters: SqlParameter[] = []): Promise<unknown[]> {
  const found = await select(fruit, { query: `SELECT VALUE c.id FROM c WHERE ${where}`, parameters });
  return found.sort();
}

describe('a filter', () => {
  it.each<[string, string[]]>([
    ['c.id = "apple"', ['apple']],
    ['"apple" = c.id', ['apple']],
    ['c.n = 1', ['apple']],
    ['c.n > 1', ['banana', 'cherry', 'elderberry']],
    ['c.n >= 2 AND c.n < 5.5', ['banana', 'cherry']],
    ['3 <= c.n', ['cherry', 'elderberry']],
    ['c.n BETWEEN 2 AND 3', ['banana', 'cherry']],
    ['c.n NOT BETWEEN 2 AND 3', ['apple', 'elderberry']],
    ['c.n IN (1, 3)', ['apple', 'cherry']],
    ['c.n IN (1, "4")', ['apple', 'date']],
    ['c.n NOT IN (1, 3)', ['banana', 'elderberry']],
    ['c.ripe = true', ['apple']],
    ['c.ripe', ['apple']],
    ['c.ripe = null', ['cherry']],
    ['NOT c.ripe', ['banana']],
    ['c.n != 1', ['banana', 'cherry', 'elderberry']],
    ['c.n <> 1', ['banana', 'cherry', 'elderberry']],
    ['c.n = 1 OR c.ripe = null', ['apple', 'cherry']],
    ['(c.n = 1 OR c.n = 2) AND NOT (c.id = "apple")', ['banana']],
    ['c.origin.country = "de"', ['apple']],
    ['c["origin"]["country"] = \'ec\'', ['banana']],
    ['c["odd name"]["value"] = 5', ['elderberry']],
    ['c.tags[0] = "red"', ['apple']],
    ['c.tags[0].colour = "red"', ['cherry']],
    ['c.origin = {"region": "süd", "country": "de"}', ['apple']],
    ['c.tags = ["yellow"]', ['banana']],
    ['STARTSWITH(c.id, "b")', ['banana']],
    ['STARTSWITH(c.id, "B")', []],
    ['STARTSWITH(c.id, "B", true)', ['banana']],
    ['ENDSWITH(c.id, "rry")', ['cherry', 'elderberry']],
    ['CONTAINS(c.id, "an")', ['banana']],
    ['CONTAINS(c.id, "AN", true)', ['banana']],
    ['CONTAINS(c.origin.region, "ü")', ['apple']],
    ['ARRAY_CONTAINS(c.tags, "red")', ['apple']],
    ['ARRAY_CONTAINS(c.tags, {"colour": "red"})', []],
    ['ARRAY_CONTAINS(c.tags, {"colour": "red"}, true)', ['cherry']],
    ['ARRAY_CONTAINS(["apple", "date"], c.id)', ['apple', 'date']],
    ['IS_DEFINED(c.ripe)', ['apple', 'banana', 'cherry']],
    ['NOT IS_DEFINED(c.ripe)', ['date', 'elderberry']],
    ['IS_DEFINED(c.origin.region)', ['apple']],
    ['c.constructor = 1 OR IS_DEFINED(c.toString)', []],
    ['true', ['apple', 'banana', 'cherry', 'date', 'elderberry']],
  ])('%s', async (where, expected) => {
    expect(await ids(where)).toEqual(expected);
  });

  it('takes parameters of any type', async () => {
    expect(await ids('c.n = @n', [{ name: '@n', value: 1 }])).toEqual(['apple']);
    expect(
      await ids('c.n IN (@a, @b)', [
        { name: '@a', value: 2 },
        { name: '@b', value: 3 },
      ]),
    ).toEqual(['banana', 'cherry']);
    expect(await ids('ARRAY_CONTAINS(@ids, c.id)', [{ name: '@ids', value: ['date'] }])).toEqual(['date']);
    expect(await ids('c.origin = @o', [{ name: '@o', value: { country: 'ec' } }])).toEqual(['banana']);
  });

  it('takes a parameter for what it is and not for a piece of the query', async () => {
    expect(await ids('c.id = @id', [{ name: '@id', value: '" OR true OR "' }])).toEqual([]);
  });

  it('compares within one type only: a number is neither less nor more than a text', async () => {
    expect(await ids('c.n < "5"')).toEqual(['date']);
    expect(await ids('NOT (c.n = "x")')).toEqual(['date']);
  });

  it('finds numbers that JSON prints in another way than they are stored', async () => {
    const container = await bed.newContainer();
    await createAll(container, [
      { id: 'big', pk: 'x', n: 2 ** 60 },
      { id: 'tiny', pk: 'x', n: 1e-7 },
      { id: 'zero', pk: 'x', n: -0 },
    ]);
    for (const [id, value] of [
      ['big', 2 ** 60],
      ['tiny', 1e-7],
      ['zero', 0],
    ] as const) {
      const query = { query: 'SELECT VALUE c.id FROM c WHERE c.n = @n', parameters: [{ name: '@n', value }] };
      expect(await select(container, query)).toEqual([id]);
    }
  });
});

describe('a selection', () => {
  it.each<[string, unknown[]]>([
    ['SELECT c.id, c.n FROM c WHERE c.id = "apple"', [{ id: 'apple', n: 1 }]],
    ['SELECT c.origin.country FROM c WHERE c.id = "apple"', [{ country: 'de' }]],
    ['SELECT c.id AS name, c.none FROM c WHERE c.id = "apple"', [{ name: 'apple' }]],
    ['SELECT c.n = 1, c["id"] FROM c WHERE c.id = "apple"', [{ $1: true, id: 'apple' }]],
    ['SELECT VALUE c.origin FROM c WHERE c.id = "apple"', [{ country: 'de', region: 'süd' }]],
    ['SELECT VALUE c.origin.country FROM c WHERE c.pk = "tree"', ['de']],
    ['SELECT VALUE {name: c.id, "all": [c.n, c.none]} FROM c WHERE c.id = "apple"', [{ name: 'apple', all: [1] }]],
    ['SELECT VALUE 1 FROM c WHERE c.id = "apple"', [1]],
    ['select value f.id from fruit f where f.n = 1', ['apple']],
    ['SELECT VALUE f.id FROM fruit AS f WHERE f.n = 1', ['apple']],
    ['SELECT VALUE root.id FROM root WHERE root.n = 1', ['apple']],
  ])('%s', async (query, expected) => {
    expect(await select(fruit, query)).toEqual(expected);
  });

  it('of everything holds the system properties', async () => {
    const [item] = await select(fruit, 'SELECT * FROM c WHERE c.id = "apple"');
    expect(item).toEqual((await fruit.item('apple', 'tree').read()).resource);
  });

  it('of the alias nests the item', async () => {
    expect(await select(fruit, 'SELECT f FROM f WHERE f.id = "date"')).toMatchObject([{ f: { id: 'date' } }]);
  });
});

describe('an aggregate', () => {
  it.each<[string, unknown[]]>([
    ['SELECT VALUE COUNT(1) FROM c', [5]],
    ['SELECT VALUE COUNT(c.ripe) FROM c', [3]],
    ['SELECT VALUE COUNT(1) FROM c WHERE CONTAINS(c.id, "rry")', [2]],
    ['SELECT VALUE COUNT(1) FROM c WHERE c.none = 1', [0]],
    ['SELECT VALUE SUM(c.n) FROM c WHERE c.n > 0', [11.5]],
    ['SELECT VALUE AVG(c.n) FROM c WHERE c.n < 5', [2]],
    ['SELECT VALUE MIN(c.id) FROM c', ['apple']],
    ['SELECT VALUE MAX(c.n) FROM c WHERE c.n > 0', [5.5]],
    ['SELECT VALUE SUM(c.n) FROM c', []],
    ['SELECT VALUE AVG(c.n) FROM c WHERE c.none = 1', []],
  ])('%s', async (query, expected) => {
    expect(await select(fruit, query)).toEqual(expected);
  });

  it('may stand beside others inside one partition', async () => {
    const query = 'SELECT COUNT(1) AS count, MIN(c.id) AS first, MAX(c.none) AS none FROM c';
    expect(await select(fruit, query, { partitionKey: 'tree' })).toEqual([{ count: 3, first: 'apple' }]);
  });
});

describe('the partition of a query', () => {
  it('is the only one that is read', async () => {
    expect(await select(fruit, 'SELECT VALUE c.id FROM c ORDER BY c.id', { partitionKey: 'tree' })).toEqual([
      'apple',
      'cherry',
      'date',
    ]);
    expect(await select(fruit, 'SELECT VALUE COUNT(1) FROM c', { partitionKey: 'herb' })).toEqual([2]);
    expect(await select(fruit, 'SELECT * FROM c', { partitionKey: 'none' })).toEqual([]);
  });

  it('may be given by the first levels of a hierarchical key', async () => {
    const container = await bed.newContainer(byKey('/a', '/b', '/c'));
    for (const a of ['1', '2'])
      for (const b of ['1', '2'])
        for (const c of ['1', '2']) await container.items.create({ id: `${a}${b}${c}`, a, b, c });
    const ask = (partitionKey: string[]): Promise<unknown[]> =>
      select(container, 'SELECT VALUE c.id FROM c WHERE c.c = "1" ORDER BY c.id', { partitionKey });
    expect(await ask(['1'])).toEqual(['111', '121']);
    expect(await ask(['1', '2'])).toEqual(['121']);
    expect(await ask(['1', '2', '1'])).toEqual(['121']);
  });

  it('is not mixed up with one whose name starts alike', async () => {
    const container = await bed.newContainer(HIERARCHICAL);
    await createAll(container, [
      { id: 'a', registry: 'r', repository: 'x' },
      { id: 'b', registry: 'r2', repository: 'x' },
    ]);
    expect(await select(container, 'SELECT VALUE c.id FROM c', { partitionKey: ['r'] })).toEqual(['a']);
  });

  it('cannot be a prefix of a key with one level', async () => {
    const container = await bed.newContainer();
    expect((await refusal(select(container, 'SELECT * FROM c', { partitionKey: ['a', 'b'] }))).code).toBe(400);
  });
});

describe('a query that is wrong', () => {
  it.each([
    ['SELEC * FROM c', "incorrect syntax near 'SELEC'"],
    ['SELECT * FROM c WHERE', 'unexpected end'],
    ['SELECT * FROM c WHERE c.a = ', 'unexpected end'],
    ['SELECT * FROM c WHERE c.a = 1 c', "incorrect syntax near 'c'"],
    ['SELECT * FROM c WHERE x.a = 1', "Identifier 'x' could not be resolved"],
    ['SELECT * FROM c WHERE c.a = @none', "'@none'"],
    ['SELECT * FROM c WHERE c.order = 1', "incorrect syntax near 'order'"],
    ['SELECT * FROM c WHERE c.a = "open', 'incorrect syntax near'],
    ['SELECT * FROM c ORDER BY 1', 'ORDER BY item expression could not be mapped'],
    ['SELECT c.id, c.id FROM c', 'duplicate property'],
    ['SELECT c.id, COUNT(1) FROM c', 'GROUP BY'],
    ['SELECT * FROM c WHERE IS_DEFINED(c.a, c.b)', 'requires 1'],
  ])('%s', async (query, message) => {
    expect(await refusal(select(fruit, query))).toMatchObject({
      code: 400,
      message: expect.stringContaining(message) as string,
    });
  });

  it('tells where', async () => {
    const { message } = await refusal(select(fruit, 'SELECT * FRM c'));
    expect(message).toContain('"location":{"start":9,"end":12}');
  });
});

describe('a query that the service would run and the emulator does not', () => {
  it.each([
    ['SELECT DISTINCT c.a FROM c', 'DISTINCT'],
    ['SELECT c.a FROM c GROUP BY c.a', 'GROUP BY'],
    ['SELECT * FROM c JOIN t IN c.tags', 'JOIN'],
    ['SELECT * FROM t IN c.tags', 'FROM … IN'],
    ['SELECT * FROM c WHERE c.a LIKE "x%"', 'LIKE'],
    ['SELECT * FROM c WHERE c.a + 1 = 2', 'the operator +'],
    ['SELECT * FROM c WHERE LOWER(c.a) = "x"', 'the function LOWER'],
    ['SELECT * FROM c WHERE EXISTS(SELECT VALUE 1 FROM c)', 'subqueries'],
    ['SELECT c.a ?? 1 FROM c', 'the operator ??'],
    ['SELECT udf.f(c.a) FROM c', 'user-defined functions'],
    ['SELECT 1', 'queries without FROM'],
    ['SELECT TOP 1 VALUE COUNT(1) FROM c', 'aggregates together with'],
  ])('is refused by name: %s', async (query, name) => {
    expect(await refusal(select(fruit, query))).toMatchObject({
      code: 501,
      message: expect.stringContaining(name) as string,
    });
  });
});
