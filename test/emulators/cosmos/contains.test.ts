import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyScope } from '../../../emulators/cosmos/partition-key.ts';
import { fingerprint } from '../../../emulators/cosmos/query/continuation.ts';
import { parseQuery } from '../../../emulators/cosmos/query/parse-query.ts';
import type { Page } from '../../../emulators/cosmos/query/run-query.ts';
import { runQuery } from '../../../emulators/cosmos/query/run-query.ts';
import type { ItemRow } from '../../../emulators/cosmos/store/item-table.ts';
import { ItemTable } from '../../../emulators/cosmos/store/item-table.ts';

const partition = ['"p0"'] as unknown as KeyScope;

function row(seq: number, id: string, list: unknown, p1 = '"p0"'): ItemRow {
  return {
    seq,
    p1,
    p2: '',
    p3: '',
    id,
    body: JSON.stringify({ id, list }),
    etag: '"e"',
    lsn: seq,
    ts: 1,
    expires: null,
  };
}

function containing(items: ItemTable, digest: string, scope = partition): Page {
  const text = 'SELECT * FROM c WHERE ARRAY_CONTAINS(c.list, @sought, true)';
  const query = parseQuery(text, new Map([['@sought', { digest }]]));
  return runQuery({
    items,
    scope,
    query,
    now: 1,
    maxItems: 1000,
    identity: fingerprint([text]),
    continuation: undefined,
  });
}

const digest = fc.constantFrom('a', 'b', "it's");
const list = fc.oneof(
  fc.array(fc.oneof(fc.record({ digest, size: fc.nat(3) }), fc.constant('a'), fc.constant({ digest: 1 }))),
  fc.constant({ x: { digest: 'a' } }),
  fc.constant(null),
  digest,
);
const write = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), list, remove: fc.boolean() });

describe('ARRAY_CONTAINS of a part of an object', () => {
  it('finds what a look at every item finds, whatever was written before and since the index was made', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 12 }), fc.nat(12), (writes, indexedAfter) => {
        const items = new ItemTable(new DatabaseSync(':memory:'), 'items');
        const model = new Map<string, unknown>();
        for (const [seq, each] of writes.entries()) {
          if (seq === indexedAfter) containing(items, 'a');
          const there = items.find(partition, each.id);
          if (each.remove && there !== undefined) items.remove(there);
          else if (there === undefined) items.insert(row(seq, each.id, each.list));
          else items.update({ ...row(there.seq, each.id, each.list), lsn: seq });
          if (each.remove && there !== undefined) model.delete(each.id);
          else model.set(each.id, each.list);
        }
        for (const sought of ['a', 'b', "it's"]) {
          const holds = (value: unknown) =>
            Array.isArray(value) &&
            value.some(
              (item: unknown) =>
                typeof item === 'object' && item !== null && 'digest' in item && item.digest === sought,
            );
          const found = containing(items, sought).documents.map((text) => (JSON.parse(text) as { id: string }).id);
          expect(found.toSorted()).toEqual(
            [...model]
              .filter(([, value]) => holds(value))
              .map(([id]) => id)
              .toSorted(),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is charged for what it finds, however many items there are, in this partition and in others', () => {
    const charges = [100, 10_000].map((count) => {
      const db = new DatabaseSync(':memory:');
      const items = new ItemTable(db, 'items');
      db.exec('BEGIN');
      for (let n = 0; n < count; n += 1)
        items.insert(row(n, `i${n}`, [{ digest: n < 10 ? 'sought' : `d${n}` }, { digest: 'everywhere' }]));
      for (let n = 0; n < count; n += 1) items.insert(row(count + n, `i${n}`, [{ digest: 'sought' }], '"p1"'));
      db.exec('COMMIT');
      const page = containing(items, 'sought');
      expect(page.documents).toHaveLength(10);
      return page.charge;
    });
    expect(charges[1]).toBe(charges[0]);
  });
});
