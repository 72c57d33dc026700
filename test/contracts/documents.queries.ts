import { describe, expect, it } from 'vitest';
import type { DocumentQuery, Documents, JsonDocument, Predicate, Scalar } from '../../shared/core/ports/documents.ts';
import { newRepository } from './repository.ts';

type Asked = Omit<DocumentQuery, 'container' | 'limit'> & { readonly limit?: number };

/** Every page of a query, in order. */
async function pages(documents: Documents, asked: Asked, between?: () => Promise<void>): Promise<JsonDocument[][]> {
  const all: JsonDocument[][] = [];
  let continuation: string | undefined;
  do {
    const page = await documents.queryDocuments({
      container: 'repositories',
      limit: 100,
      ...asked,
      ...(continuation === undefined ? {} : { continuation }),
    });
    all.push(page.documents.map(({ document }) => document));
    continuation = page.continuation;
    await between?.();
  } while (continuation !== undefined);
  return all;
}

const idsOf = (all: JsonDocument[][]): string[] => all.flat().map(({ id }) => id);

export function querySentences(documents: () => Documents, elapse: (milliseconds: number) => Promise<void>): void {
  const ids = async (asked: Asked) => idsOf(await pages(documents(), asked));

  describe('a predicate', () => {
    const values = {
      absent: undefined,
      null: null,
      false: false,
      true: true,
      zero: 0,
      one: 1,
      ten: 10,
      empty: '',
      B: 'B',
      b: 'b',
      ba: 'ba',
      '10': '10',
      object: { b: 1 },
    };
    const rows: readonly [Predicate, readonly string[]][] = [
      [{ path: 'v', is: '=', value: 'b' }, ['b']],
      [{ path: 'v', is: '=', value: 10 }, ['ten']],
      [{ path: 'v', is: '=', value: null }, ['null']],
      [{ path: 'v', is: '=', value: false }, ['false']],
      [{ path: 'v', is: '!=', value: 'b' }, ['empty', 'B', 'ba', '10']],
      [{ path: 'v', is: '!=', value: 1 }, ['zero', 'ten']],
      [{ path: 'v', is: '<', value: 'b' }, ['empty', 'B', '10']],
      [{ path: 'v', is: '<=', value: 'b' }, ['empty', 'B', 'b', '10']],
      [{ path: 'v', is: '>', value: 'B' }, ['b', 'ba']],
      [{ path: 'v', is: '>=', value: 1 }, ['one', 'ten']],
      [{ path: 'v', is: '<', value: 1 }, ['zero']],
      [{ path: 'v', is: 'starts-with', value: 'b' }, ['b', 'ba']],
      [{ path: 'v', is: 'starts-with', value: '' }, ['empty', 'B', 'b', 'ba', '10']],
      [{ path: 'v', is: 'in', values: ['b', 10, true] }, ['true', 'ten', 'b']],
      [{ path: 'v', is: 'in', values: ['nothing'] }, []],
      [{ path: 'v.b', is: '=', value: 1 }, ['object']],
      [{ path: 'v.b.c', is: '!=', value: 1 }, []],
      [
        {
          is: 'either',
          of: [
            [
              { path: 'v', is: 'starts-with', value: 'b' },
              { path: 'v', is: '>', value: 'b' },
            ],
            [{ path: 'v', is: 'in', values: [] }],
            [{ path: 'v', is: 'in', values: [0, 10] }],
            [{ path: 'v.b', is: '=', value: 1 }],
          ],
        },
        ['zero', 'ten', 'ba', 'object'],
      ],
      [{ is: 'either', of: [] }, []],
      [{ is: 'either', of: [[{ path: 'v', is: 'in', values: [] }]] }, []],
    ];

    it('compares values of one type only, and never matches a document without the property', async () => {
      const here = newRepository(documents());
      const create = Object.entries(values).map(
        ([id, v]) => ({ do: 'create', document: here.document(id, v === undefined ? {} : { v }) }) as const,
      );
      await here.commit(...create);
      for (const [predicate, expected] of rows) {
        const found = await ids({ partition: here.partition, where: [predicate] });
        expect(found.toSorted(), JSON.stringify(predicate)).toEqual(expected.toSorted());
      }
    });

    it('must hold together with all others', async () => {
      const here = newRepository(documents());
      await here.create(
        here.document('a', { type: 'tag', n: 1 }),
        here.document('b', { type: 'tag', n: 2 }),
        here.document('c', { type: 'event', n: 1 }),
      );
      const where: Predicate[] = [
        { path: 'type', is: '=', value: 'tag' },
        { path: 'n', is: '>=', value: 2 },
      ];
      expect(await ids({ partition: here.partition, where })).toEqual(['b']);
      expect(await ids({ partition: here.partition, where: [] })).toHaveLength(3);
    });

    it('finds an object with all of the given properties in an array, and nothing where there is no array', async () => {
      const here = newRepository(documents());
      const [one, two] = [
        { digest: 'sha256:1', role: 'layer' },
        { digest: 'sha256:2', role: 'config', size: 2 },
      ];
      const lists = {
        both: [one, two],
        twice: [one, one],
        other: [two],
        none: [],
        object: { digest: 'sha256:1' },
        scalar: 'sha256:1',
        scalars: ['sha256:1'],
      };
      const create = Object.entries(lists).map(
        ([id, references]) =>
          ({ do: 'create', document: here.document(id, { references, type: id === 'twice' ? 'b' : 'a' }) }) as const,
      );
      await here.commit(...create, { do: 'create', document: here.document('absent') });
      const containing = (value: Record<string, string>, ...more: Predicate[]) =>
        ids({ partition: here.partition, where: [{ path: 'references', is: 'contains', value }, ...more], limit: 1 });
      expect((await containing({ digest: 'sha256:1' })).toSorted()).toEqual(['both', 'twice']);
      expect((await containing({ digest: 'sha256:2', role: 'config' })).toSorted()).toEqual(['both', 'other']);
      expect(await containing({ digest: 'sha256:1', role: 'config' })).toEqual([]);
      expect(await containing({ digest: 'sha256:1' }, { path: 'type', is: '=', value: 'a' })).toEqual(['both']);
      await here.commit(
        { do: 'upsert', document: here.document('both', { references: [two] }) },
        { do: 'delete', id: 'other' },
        { do: 'upsert', document: here.document('none', { references: [one] }) },
      );
      expect((await containing({ digest: 'sha256:1' })).toSorted()).toEqual(['none', 'twice']);
      expect(await containing({ digest: 'sha256:2' })).toEqual(['both']);
    });

    it('reads the id, nested paths and names that need quoting', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { target: { 'media type"]': 'x' } }), here.document('b', { order: 1 }));
      expect(
        await ids({ partition: here.partition, where: [{ path: 'target.media type"]', is: '=', value: 'x' }] }),
      ).toEqual(['a']);
      expect(await ids({ partition: here.partition, where: [{ path: 'order', is: '=', value: 1 }] })).toEqual(['b']);
      expect(await ids({ partition: here.partition, where: [{ path: 'id', is: '>', value: 'a' }] })).toEqual(['b']);
    });

    it('takes a value for what it is, never for a part of the query', async () => {
      const here = newRepository(documents());
      const value = `' OR 1=1 -- " @p0 \\`;
      await here.create(here.document('a', { v: value }), here.document('b', { v: 'other' }));
      expect(await ids({ partition: here.partition, where: [{ path: 'v', is: '=', value }] })).toEqual(['a']);
    });
  });

  describe('a partition', () => {
    it('is all levels, a prefix of them, or every one', async () => {
      const registry = `prefix-${process.pid}-${Date.now()}`;
      const [one, two, other] = [
        newRepository(documents(), registry),
        newRepository(documents(), registry),
        newRepository(documents(), `${registry}-other`),
      ];
      const mark = { mark: registry };
      for (const each of [one, two, other]) await each.create(each.document('a', mark), each.document('b', mark));
      const where: Predicate[] = [{ path: 'mark', is: '=', value: registry }];
      const found = async (partition?: readonly string[]) =>
        (await pages(documents(), { where, ...(partition === undefined ? {} : { partition }) }))
          .flat()
          .map(({ repository }) => repository)
          .toSorted();
      expect(await found(one.partition)).toEqual([one, one].map(({ partition }) => partition[1]));
      expect(await found([registry])).toEqual([one, one, two, two].map(({ partition }) => partition[1]).toSorted());
      expect(await found()).toEqual([one, one, two, two, other, other].map(({ partition }) => partition[1]).toSorted());
    });

    it('pages through a prefix and through every one', async () => {
      const registry = `paged-${process.pid}-${Date.now()}`;
      const repositories = Array.from({ length: 3 }, () => newRepository(documents(), registry));
      for (const [index, here] of repositories.entries()) {
        await here.create(
          ...[0, 1, 2].map((n) => here.document(`d${index}${n}`, { mark: registry, n: index + 3 * n })),
        );
      }
      const where: Predicate[] = [{ path: 'mark', is: '=', value: registry }];
      const sorted = ['d00', 'd10', 'd20', 'd01', 'd11', 'd21', 'd02', 'd12', 'd22'];
      for (const partition of [{ partition: [registry] }, {}]) {
        expect((await ids({ ...partition, where, limit: 2 })).toSorted()).toEqual(sorted.toSorted());
        expect(await ids({ ...partition, where, limit: 2, orderBy: { path: 'n', direction: 'asc' } })).toEqual(sorted);
      }
    });
  });

  describe('a count', () => {
    it('is of the documents of one partition that match', async () => {
      const [here, other] = [newRepository(documents()), newRepository(documents())];
      await here.create(
        here.document('tag:a', { n: 1 }),
        here.document('tag:b', { n: 2 }),
        here.document('manifest:c', { n: 1 }),
      );
      await other.create(other.document('tag:a', { n: 1 }));
      const count = (...where: Predicate[]) =>
        documents().countDocuments({ container: 'repositories', partition: here.partition, where });
      expect(await count()).toBe(3);
      expect(await count({ path: 'id', is: 'starts-with', value: 'tag:' })).toBe(2);
      expect(await count({ path: 'id', is: 'starts-with', value: 'tag:' }, { path: 'n', is: '=', value: 1 })).toBe(1);
      expect(await count({ path: 'n', is: 'in', values: [] })).toBe(0);
      expect(await count({ path: 'absent', is: '=', value: 1 })).toBe(0);
    });
  });

  describe('an order', () => {
    const inOrder: Scalar[] = [
      null,
      false,
      true,
      -1,
      0,
      9,
      10,
      '',
      '10',
      '9',
      'A',
      'B',
      'a',
      'b',
      'ä',
      '\u{ffee}',
      '\u{1f6a2}',
    ];

    it.each(['asc', 'desc'] as const)(
      'is null, booleans, numbers, strings by their UTF-8 bytes (%s)',
      async (direction) => {
        const here = newRepository(documents());
        const shuffled = inOrder
          .map((v, index) => ({ v, index }))
          .toSorted((a, b) => ((a.index * 7) % 17) - ((b.index * 7) % 17));
        await here.commit(
          ...shuffled.map(({ v, index }) => ({ do: 'create', document: here.document(`d${index}`, { v }) }) as const),
        );
        const found = (
          await pages(documents(), {
            partition: here.partition,
            where: [],
            orderBy: { path: 'v', direction },
            limit: 5,
          })
        )
          .flat()
          .map(({ v }) => v);
        expect(found).toEqual(direction === 'asc' ? inOrder : inOrder.toReversed());
      },
    );

    it('leaves out documents without the property', async () => {
      const here = newRepository(documents());
      await here.create(here.document('with', { v: 1 }), here.document('without'));
      expect(await ids({ partition: here.partition, where: [], orderBy: { path: 'v', direction: 'asc' } })).toEqual([
        'with',
      ]);
    });

    it('gives each document once where many have the same value', async () => {
      const here = newRepository(documents());
      await here.commit(
        ...Array.from(
          { length: 10 },
          (_, n) => ({ do: 'create', document: here.document(`d${n}`, { v: n % 2 }) }) as const,
        ),
      );
      const found = await ids({
        partition: here.partition,
        where: [],
        orderBy: { path: 'v', direction: 'desc' },
        limit: 3,
      });
      expect(found).toHaveLength(10);
      expect(new Set(found.slice(0, 5))).toEqual(new Set(['d1', 'd3', 'd5', 'd7', 'd9']));
    });
  });

  describe('a page', () => {
    it('holds no more than the limit, and the last one has no continuation', async () => {
      const here = newRepository(documents());
      await here.commit(
        ...Array.from({ length: 7 }, (_, n) => ({ do: 'create', document: here.document(`d${n}`) }) as const),
      );
      const all = await pages(documents(), { partition: here.partition, where: [], limit: 3 });
      expect(Math.max(...all.map((page) => page.length))).toBeLessThanOrEqual(3);
      expect(idsOf(all).toSorted()).toEqual(['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6']);
    });

    it('starts behind the last document of the one before, whatever was written in between', async () => {
      const here = newRepository(documents());
      await here.commit(
        ...[1, 2, 3, 4, 5, 6].map((n) => ({ do: 'create', document: here.document(`d${n}0`) }) as const),
      );
      let round = 0;
      const between = async () => {
        round += 1;
        // Before the place that was reached, and behind it; and the document at that place goes away.
        if (round === 1) await here.create(here.document('d05'), here.document('d15'), here.document('d55'));
        if (round === 1) await here.commit({ do: 'delete', id: 'd20' });
      };
      const found = await pages(
        documents(),
        { partition: here.partition, where: [], orderBy: { path: 'id', direction: 'asc' }, limit: 2 },
        between,
      );
      expect(idsOf(found)).toEqual(['d10', 'd20', 'd30', 'd40', 'd50', 'd55', 'd60']);
    });

    it('starts behind the last document without an order too', async () => {
      const here = newRepository(documents());
      const names = ['f', 'b', 'd', 'a', 'e', 'c'];
      for (const name of names) await here.create(here.document(name));
      let written = false;
      const between = async () => {
        if (written) return;
        written = true;
        await here.create(here.document('0'), here.document('g'));
      };
      const found = idsOf(await pages(documents(), { partition: here.partition, where: [], limit: 2 }, between));
      expect(found).toHaveLength(new Set(found).size);
      expect(found).toEqual(expect.arrayContaining(names));
    });

    it('carries the etags, and no document whose ttl has passed', async () => {
      const here = newRepository(documents());
      await here.create(here.document('brief', { ttl: 1 }), here.document('lasting'));
      await elapse(2100);
      const page = await documents().queryDocuments({
        container: 'repositories',
        partition: here.partition,
        where: [],
        limit: 10,
      });
      expect(page.documents).toEqual([await here.read('lasting')]);
    });

    it('is refused with a limit that is no positive integer', async () => {
      const here = newRepository(documents());
      await expect(ids({ partition: here.partition, where: [], limit: 0 })).rejects.toThrow(TypeError);
    });
  });
}
