import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { DocumentChange, DocumentQuery, Documents, Predicate } from '../../shared/core/ports/documents.ts';
import { sized } from '../deep.ts';
import { steppedClock } from './clock.ts';

const [registry, repository] = ['r', 'a'];
const scalar = fc.constantFrom(null, true, 1, 2, 3, 'a', 'ab', 'b', '\u{ffee}', '\u{1f6a2}');
const path = fc.constantFrom('v', 'w');
const predicate: fc.Arbitrary<Predicate> = fc.oneof(
  fc.record({ path, is: fc.constantFrom('=', '!=', '<', '<=', '>', '>=', 'starts-with'), value: scalar }),
  fc.record({ path, is: fc.constant('in'), values: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({
    path: fc.constant('list'),
    is: fc.constant('contains'),
    value: fc.record({ a: fc.constantFrom('x', 'y'), b: fc.constantFrom('x', 'y') }, { requiredKeys: ['a'] }),
  }),
);
const id = fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8', '9');
const list = fc.array(fc.record({ a: fc.constantFrom('x', 'y'), b: fc.constantFrom('x', 'y') }), { maxLength: 3 });
const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('upsert'),
      document: fc
        .record({ id, v: scalar, w: scalar, list }, { requiredKeys: ['id'] })
        .map((own) => ({ ...own, registry, repository })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('upsert'),
      document: id.map((own) => ({ id: own, v: 2, ttl: 5, registry, repository })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), id }) },
);
const query = fc.record({
  where: fc.array(predicate, { maxLength: 2 }),
  orderBy: fc.option(fc.record({ path, direction: fc.constantFrom('asc', 'desc') }), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 4 }),
});

async function all(documents: Documents, asked: Omit<DocumentQuery, 'container'>): Promise<string[]> {
  const ids: string[] = [];
  let continuation: string | undefined;
  do {
    const page = await documents.queryDocuments({
      container: 'repositories',
      ...asked,
      ...(continuation === undefined ? {} : { continuation }),
    });
    ids.push(...page.documents.map(({ document }) => document.id));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return ids;
}

describe('the indexes of a partition', () => {
  it('give what a scan gives, whatever was written before and between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(change, { maxLength: 8 }), query), { minLength: 1, maxLength: 5 }),
        async (rounds) => {
          const clock = steppedClock();
          const { documents } = connectMemory(createMemoryWorld({ clock }));
          for (const [changes, { orderBy, ...asked }] of rounds) {
            for (const each of changes) await documents.commitDocuments('repositories', [registry, repository], [each]);
            clock.advance(2000);
            const ordered = { ...asked, ...(orderBy === undefined ? {} : { orderBy }) };
            // A prefix of the key is scanned, the whole key goes by the index.
            const scanned = await all(documents, { ...ordered, partition: [registry] });
            const found = await all(documents, { ...ordered, partition: [registry, repository] });
            if (orderBy === undefined) expect(found.toSorted()).toEqual(scanned.toSorted());
            else expect(found).toEqual(scanned);
          }
        },
      ),
      { numRuns: sized(100, 300) },
    );
  });

  it('make a page of many documents cost about what one of 100 does', async () => {
    const { documents } = connectMemory(createMemoryWorld());
    const page = {
      container: 'usage',
      partition: ['r', 'a'],
      where: [{ path: 'type', is: '=', value: 'tag' }],
      orderBy: { path: 'name', direction: 'asc' },
      limit: 50,
    } as const;
    let size = 0;
    const grow = async (to: number) => {
      for (; size < to; size += 1) {
        const document = {
          id: `${size}`,
          registry: 'r',
          repository: 'a',
          type: 'tag',
          name: `v${(size * 7919) % 65_537}`,
        };
        await documents.commitDocuments('usage', ['r', 'a'], [{ do: 'create', document }]);
      }
    };
    const fastest = async () => {
      const times: number[] = [];
      for (let round = 0; round < 30; round += 1) {
        const before = performance.now();
        await documents.queryDocuments(page);
        times.push(performance.now() - before);
      }
      return Math.min(...times);
    };
    await grow(100);
    const small = await fastest();
    await grow(sized(10_000, 50_000));
    // A scan is 100 to 500 times slower; the bound leaves room for a busy machine.
    expect(await fastest()).toBeLessThan(10 * small + 1);
  }, 120_000);
});
