import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KeyScope } from '../../../emulators/cosmos/partition-key.ts';
import { fingerprint } from '../../../emulators/cosmos/query/continuation.ts';
import { parseQuery } from '../../../emulators/cosmos/query/parse-query.ts';
import type { Page } from '../../../emulators/cosmos/query/run-query.ts';
import { runQuery } from '../../../emulators/cosmos/query/run-query.ts';
import { ItemTable } from '../../../emulators/cosmos/store/item-table.ts';

const FEW = 1000;
const MANY = 100_000;
/** Each query matches as many items in the large table as in the small one. */
const GROUPS = { [FEW]: FEW / 50, [MANY]: MANY / 50 };

function fill(count: keyof typeof GROUPS): ItemTable {
  const db = new DatabaseSync(':memory:');
  const table = new ItemTable(db, 'items');
  db.exec('BEGIN');
  for (let n = 0; n < count; n += 1) {
    const group = n % GROUPS[count];
    const body = JSON.stringify({
      id: `i${n}`,
      kind: `k${group}`,
      group,
      n,
      listed: true,
      name: `n${group}-${n}`,
      ...(group === 7 ? { rare: n } : { common: 1 }),
      text: 'x'.repeat(300),
    });
    table.insert({
      seq: n + 1,
      p1: `"p${n % 2}"`,
      p2: '',
      p3: '',
      id: `i${n}`,
      body,
      etag: '"e"',
      lsn: n + 1,
      ts: 1,
      expires: null,
    });
  }
  db.exec('COMMIT');
  return table;
}

function run(items: ItemTable, text: string, scope: KeyScope, continuation?: string): Page {
  return runQuery({
    items,
    scope,
    query: parseQuery(text, new Map()),
    now: 1,
    maxItems: 10,
    identity: fingerprint([text]),
    continuation,
  });
}

function milliseconds(work: () => unknown): number {
  const start = performance.now();
  for (let n = 0; n < 5; n += 1) work();
  return (performance.now() - start) / 5;
}

/** The fastest, least disturbed round of each, in turns: so a busy machine slows down both. */
function fastest(one: () => unknown, other: () => unknown): [number, number] {
  const rounds = Array.from({ length: 40 }, () => [milliseconds(one), milliseconds(other)] as const);
  return [Math.min(...rounds.map(([first]) => first)), Math.min(...rounds.map(([, second]) => second))];
}

const partition = ['"p0"'] as unknown as KeyScope;
let tables: { few: ItemTable; many: ItemTable };
beforeAll(() => {
  tables = { few: fill(FEW), many: fill(MANY) };
});

describe('100 times the items', () => {
  it.each<[string, KeyScope]>([
    ['SELECT * FROM c WHERE c.kind = "k4"', []],
    ['SELECT * FROM c WHERE c.kind = "k4"', partition],
    ['SELECT * FROM c WHERE c.kind = "k4" AND c["group"] = 4', partition],
    ['SELECT * FROM c WHERE c.kind = "k4" ORDER BY c.n DESC', partition],
    ['SELECT * FROM c WHERE c.kind IN ("k4", "k6")', []],
    ['SELECT * FROM c WHERE c["group"] >= 4 AND c["group"] < 6', []],
    ['SELECT * FROM c WHERE STARTSWITH(c.name, "n4-")', []],
    ['SELECT * FROM c ORDER BY c.n DESC', []],
    ['SELECT * FROM c ORDER BY c["group"] DESC, c.n ASC', []],
    ['SELECT * FROM c WHERE c.kind = "k4" AND CONTAINS(c.name, "-")', []],
    ['SELECT * FROM c WHERE IS_DEFINED(c.rare) ORDER BY c.rare', []],
    ['SELECT * FROM c WHERE c.kind = "k4" AND NOT IS_DEFINED(c.rare)', partition],
    ['SELECT * FROM c WHERE NOT IS_DEFINED(c.common)', []],
    ['SELECT VALUE COUNT(1) FROM c WHERE c.kind = "k4"', []],
    ['SELECT * FROM c WHERE c.listed = true AND c.n >= 0 ORDER BY c.n DESC', partition],
    ['SELECT * FROM c', partition],
    ['SELECT * FROM c WHERE (c.kind = "k4" AND c.listed = true) OR c.name IN ("n6-6", "n6-56")', partition],
  ])('cost at most twice the time: %s %j', (text, scope) => {
    expect(run(tables.many, text, scope).documents.length).toBe(run(tables.few, text, scope).documents.length);
    const [few, many] = fastest(
      () => run(tables.few, text, scope),
      () => run(tables.many, text, scope),
    );
    // A twentieth of a millisecond is what one cache miss more or less makes of a query this short.
    expect(many).toBeLessThanOrEqual(2 * few + 0.05);
  });

  it('charge a filtered query the same', () => {
    const text = 'SELECT * FROM c WHERE c.kind = "k4" ORDER BY c.n';
    expect(run(tables.many, text, []).charge).toBeLessThanOrEqual(run(tables.few, text, []).charge * 1.05);
  });

  it.each(['SELECT * FROM c ORDER BY c.n', 'SELECT * FROM c', 'SELECT * FROM c ORDER BY c["group"] DESC, c.n ASC'])(
    'let a late page begin as quickly as the first: %s',
    (text) => {
      let late: string | undefined;
      let page = run(tables.many, text, []);
      for (let n = 0; n < 2000 && page.continuation !== undefined; n += 1) {
        late = page.continuation;
        page = run(tables.many, text, [], late);
      }
      const [first, last] = fastest(
        () => run(tables.many, text, []),
        () => run(tables.many, text, [], late),
      );
      expect(last).toBeLessThanOrEqual(2 * first + 0.05);
    },
  );
});
