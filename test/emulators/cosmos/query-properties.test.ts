import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../emulators/cosmos/json.ts';
import { parseQuery } from '../../../emulators/cosmos/query/parse-query.ts';
import { runQuery } from '../../../emulators/cosmos/query/run-query.ts';
import { ItemTable } from '../../../emulators/cosmos/store/item-table.ts';

/** Few values, so that they meet; of all types, with numbers and texts that are easy to get wrong. */
const scalar: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  1.5,
  1e300,
  2 ** 60,
  '',
  'a',
  'A',
  'ab',
  'b',
  'ä',
  '1',
  '\u{fffd}',
  '\u{1f600}',
  '\u{1f600}b',
  '\0',
  'a\0b',
  "it's",
  '"',
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  fc.array(scalar, { maxLength: 2 }),
  fc.record({ k: scalar }),
);
const item = fc.record(
  { a: value, b: value, deep: fc.record({ c: value }, { requiredKeys: [] }) },
  { requiredKeys: [] },
);

/** A filter as text, and the same filter over JavaScript values. */
interface Filter {
  readonly text: string;
  readonly test: (item: JsonObject) => boolean | undefined;
}

const PATHS: Readonly<Record<string, (item: JsonObject) => Json | undefined>> = {
  'c.a': ({ a }) => a,
  'c["b"]': ({ b }) => b,
  'c.deep.c': ({ deep }) => (deep as JsonObject | undefined)?.['c'],
};

/** The documented order, written once more and differently: by UTF-8 bytes. */
function order(left: Json, right: Json): number | undefined {
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (typeof left === typeof right && (typeof left === 'number' || typeof left === 'boolean'))
    return Math.sign(Number(left) - Number(right));
  return left === null && right === null ? 0 : undefined;
}

const kindOf = (given: Json): string => (given === null ? 'null' : Array.isArray(given) ? 'array' : typeof given);

const OPERATORS: Readonly<Record<string, (left: Json, right: Json) => boolean | undefined>> = {
  '=': (left, right) => JSON.stringify(left) === JSON.stringify(right),
  '!=': (left, right) => JSON.stringify(left) !== JSON.stringify(right),
  '<': (left, right) => lessThan(order(left, right), (n) => n < 0),
  '<=': (left, right) => lessThan(order(left, right), (n) => n <= 0),
  '>': (left, right) => lessThan(order(left, right), (n) => n > 0),
  '>=': (left, right) => lessThan(order(left, right), (n) => n >= 0),
};
const lessThan = (given: number | undefined, test: (order: number) => boolean): boolean | undefined =>
  given === undefined ? undefined : test(given);

function compare(operator: string, left: Json | undefined, right: Json): boolean | undefined {
  if (left === undefined || kindOf(left) !== kindOf(right)) return undefined;
  return OPERATORS[operator]?.(left, right);
}

const path = fc.constantFrom(...Object.keys(PATHS));
const at = (name: string, given: JsonObject): Json | undefined => PATHS[name]?.(given);

const comparison: fc.Arbitrary<Filter> = fc
  .tuple(path, fc.constantFrom(...Object.keys(OPERATORS)), value)
  .map(([name, operator, right]) => ({
    text: `${name} ${operator} ${JSON.stringify(right)}`,
    test: (given) => compare(operator, at(name, given), right),
  }));

const membership: fc.Arbitrary<Filter> = fc
  .tuple(path, fc.array(scalar, { minLength: 1, maxLength: 3 }))
  .map(([name, list]) => ({
    text: `${name} IN (${list.map((entry) => JSON.stringify(entry)).join(', ')})`,
    test: (given) => {
      const results = list.map((entry) => compare('=', at(name, given), entry));
      return results.includes(true) ? true : results.includes(undefined) ? undefined : false;
    },
  }));

const prefix: fc.Arbitrary<Filter> = fc
  .tuple(path, fc.constantFrom('', 'a', 'A', '\u{1f600}', '\u{fffd}'))
  .map(([name, start]) => ({
    text: `STARTSWITH(${name}, ${JSON.stringify(start)})`,
    test: (given) => {
      const found = at(name, given);
      return typeof found === 'string' ? found.startsWith(start) : undefined;
    },
  }));

const presence: fc.Arbitrary<Filter> = path.map((name) => ({
  text: `IS_DEFINED(${name})`,
  test: (given) => at(name, given) !== undefined,
}));

const leaf = fc.oneof({ weight: 3, arbitrary: comparison }, membership, prefix, presence);

/** Three-valued logic by its table: `decisive` settles the whole, and undefined beats the other value. */
const combine =
  (word: 'AND' | 'OR', decisive: boolean) =>
  ([left, right]: readonly [Filter, Filter]): Filter => ({
    text: `(${left.text} ${word} ${right.text})`,
    test: (given) => {
      const both = [left.test(given), right.test(given)];
      if (both.includes(decisive)) return decisive;
      return both.includes(undefined) ? undefined : !decisive;
    },
  });

const negate = ({ text, test }: Filter): Filter => ({
  text: `NOT (${text})`,
  test: (given) => {
    const result = test(given);
    return result === undefined ? undefined : !result;
  },
});

const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.tuple(tie('filter'), tie('filter')).map(combine('AND', false)),
    fc.tuple(tie('filter'), tie('filter')).map(combine('OR', true)),
    tie('filter').map(negate),
  ),
}));

function tableOf(items: readonly JsonObject[]): ItemTable {
  const table = new ItemTable(new DatabaseSync(':memory:'), 'items');
  items.forEach((given, n) => {
    const body = JSON.stringify({ id: `i${n}`, ...given });
    table.insert({
      seq: n + 1,
      p1: '"p"',
      p2: '',
      p3: '',
      id: `i${n}`,
      body,
      etag: '"e"',
      lsn: n + 1,
      ts: 1,
      expires: null,
    });
  });
  return table;
}

/** The ids that a query answers, over pages of `maxItems`. */
function ids(items: ItemTable, text: string, maxItems: number): string[] {
  const query = parseQuery(text, new Map());
  const found: string[] = [];
  let continuation: string | undefined;
  do {
    const page = runQuery({ items, scope: [], query, now: 1, maxItems, identity: 'q', continuation });
    found.push(...page.documents.map((document) => (JSON.parse(document) as { id: string }).id));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}

const TYPES = ['undefined', 'null', 'false', 'true', 'number', 'string', 'array', 'object'];
const typeRank = (given: Json | undefined): number =>
  TYPES.indexOf(given === undefined ? 'undefined' : typeof given === 'boolean' ? String(given) : kindOf(given));

describe('any query over any items', () => {
  it('selects what a plain evaluation selects, whatever the page size', () => {
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 12 }),
        filter,
        fc.integer({ min: 1, max: 5 }),
        (items, { text, test }, size) => {
          const expected = items.flatMap((given, n) => (test(given) === true ? [`i${n}`] : []));
          expect(ids(tableOf(items), `SELECT * FROM c WHERE ${text}`, size).sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 400 },
    );
  });

  it('orders by type and value, the same in pages of any size, and backwards', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), path, fc.integer({ min: 1, max: 5 }), (items, name, size) => {
        const table = tableOf(items);
        const ascending = ids(table, `SELECT * FROM c ORDER BY ${name}`, size);
        expect(ascending).toHaveLength(items.length);
        const values = ascending.map((id) => at(name, items[Number(id.slice(1))] ?? {}));
        for (const [n, next] of values.slice(1).entries()) {
          const previous = values[n];
          expect(typeRank(previous)).toBeLessThanOrEqual(typeRank(next));
          if (previous !== undefined && next !== undefined) expect(order(previous, next) ?? 0).toBeLessThanOrEqual(0);
        }
        expect(ids(table, `SELECT * FROM c ORDER BY ${name} DESC`, size)).toEqual(ascending.toReversed());
      }),
      { numRuns: 200 },
    );
  });

  it('orders by two paths in any directions as one comparison after the other does', () => {
    const directions = fc.constantFrom('ASC', 'DESC');
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 12 }),
        directions,
        directions,
        fc.integer({ min: 1, max: 5 }),
        (items, first, second, size) => {
          const table = tableOf(items);
          const text = `SELECT * FROM c ORDER BY c.a ${first}, c["b"] ${second}`;
          const whole = ids(table, text, 100);
          expect(ids(table, text, size)).toEqual(whole);
          const byFirst = ids(table, `SELECT * FROM c ORDER BY c.a ${first}`, 100).map((id) =>
            JSON.stringify(items[Number(id.slice(1))]?.a),
          );
          expect(whole.map((id) => JSON.stringify(items[Number(id.slice(1))]?.a))).toEqual(byFirst);
        },
      ),
      { numRuns: 100 },
    );
  });
});
