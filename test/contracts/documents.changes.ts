import { describe, expect, it } from 'vitest';
import type { CommitOutcome, Documents } from '../../shared/core/ports/documents.ts';
import { newRepository } from './repository.ts';

const refused = (index: number, because: string) => ({ committed: false, index, because });
const stale = '"00000000-0000-0000-0000-000000000000"';

function etagOf(outcome: CommitOutcome, index = 0): string {
  const etag = outcome.committed ? outcome.etags[index] : undefined;
  if (etag === undefined) throw new Error(`no etag in ${JSON.stringify(outcome)}`);
  return etag;
}

export function changeSentences(documents: () => Documents): void {
  describe('one change', () => {
    it('creates once: the second time it exists, and the first stays', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { by: 'first' }));
      expect(await here.commit({ do: 'create', document: here.document('a', { by: 'second' }) })).toEqual(
        refused(0, 'exists'),
      );
      expect((await here.read('a'))?.document).toMatchObject({ by: 'first' });
    });

    it('creates an id for exactly one of many writers', async () => {
      const here = newRepository(documents());
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, by) => here.commit({ do: 'create', document: here.document('a', { by }) })),
      );
      expect(outcomes.filter(({ committed }) => committed)).toHaveLength(1);
    });

    it('upserts whatever is there, and changes the etag', async () => {
      const here = newRepository(documents());
      const first = etagOf(await here.commit({ do: 'upsert', document: here.document('a', { n: 1 }) }));
      const second = etagOf(await here.commit({ do: 'upsert', document: here.document('a', { m: 2 }) }));
      expect(second).not.toBe(first);
      expect(await here.read('a')).toEqual({ document: here.document('a', { m: 2 }), etag: second });
    });

    it('replaces only what exists, under the etag that was read', async () => {
      const here = newRepository(documents());
      expect(await here.commit({ do: 'replace', document: here.document('a') })).toEqual(refused(0, 'absent'));
      expect(await here.commit({ do: 'replace', document: here.document('a'), ifMatch: stale })).toEqual(
        refused(0, 'absent'),
      );
      const first = etagOf(await here.commit({ do: 'create', document: here.document('a', { n: 1 }) }));
      const second = etagOf(
        await here.commit({ do: 'replace', document: here.document('a', { n: 2 }), ifMatch: first }),
      );
      expect(await here.commit({ do: 'replace', document: here.document('a', { n: 3 }), ifMatch: first })).toEqual(
        refused(0, 'changed'),
      );
      expect(await here.read('a')).toEqual({ document: here.document('a', { n: 2 }), etag: second });
    });

    it('deletes only what exists, under the etag that was read', async () => {
      const here = newRepository(documents());
      expect(await here.commit({ do: 'delete', id: 'a' })).toEqual(refused(0, 'absent'));
      const etag = etagOf(await here.commit({ do: 'create', document: here.document('a') }));
      expect(await here.commit({ do: 'delete', id: 'a', ifMatch: stale })).toEqual(refused(0, 'changed'));
      expect(await here.commit({ do: 'delete', id: 'a', ifMatch: etag })).toEqual({
        committed: true,
        etags: [undefined],
      });
      expect(await here.read('a')).toBeUndefined();
    });

    it('patches what exists: sets dotted paths, and leaves the rest', async () => {
      const here = newRepository(documents());
      expect(await here.commit({ do: 'patch', id: 'a', set: { n: 1 } })).toEqual(refused(0, 'absent'));
      await here.create(here.document('a', { target: { digest: 'old', size: 1 }, kept: true }));
      const outcome = await here.commit({
        do: 'patch',
        id: 'a',
        set: { 'target.digest': 'new', 'target.media': 'm', list: [1] },
      });
      const document = here.document('a', { target: { digest: 'new', size: 1, media: 'm' }, kept: true, list: [1] });
      expect(await here.read('a')).toEqual({ document, etag: etagOf(outcome) });
    });

    it('patches under the etag that was read', async () => {
      const here = newRepository(documents());
      const etag = etagOf(await here.commit({ do: 'create', document: here.document('a', { n: 1 }) }));
      expect(await here.commit({ do: 'patch', id: 'a', set: { n: 2 }, ifMatch: etag })).toMatchObject({
        committed: true,
      });
      expect(await here.commit({ do: 'patch', id: 'a', set: { n: 3 }, ifMatch: etag })).toEqual(refused(0, 'changed'));
      expect((await here.read('a'))?.document).toMatchObject({ n: 2 });
    });

    it('increments, an absent property from 0, and loses none of many at once', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { counts: {}, pulls: 1 }));
      const increment = [
        { path: 'counts.pushes', by: 2 },
        { path: 'pulls', by: -1 },
      ];
      await Promise.all(Array.from({ length: 10 }, () => here.commit({ do: 'patch', id: 'a', increment })));
      expect((await here.read('a'))?.document).toEqual(here.document('a', { counts: { pushes: 20 }, pulls: -9 }));
    });

    it('addresses names with characters that a JSON pointer escapes', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { labels: {} }));
      await here.commit({ do: 'patch', id: 'a', set: { 'labels.a/b': 1, 'labels.c~d': 2 } });
      expect((await here.read('a'))?.document).toMatchObject({ labels: { 'a/b': 1, 'c~d': 2 } });
    });

    it('refuses a patch of more than 10 operations, or of none', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a'));
      const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, index]));
      await expect(here.commit({ do: 'patch', id: 'a', set: eleven })).rejects.toThrow(TypeError);
      await expect(here.commit({ do: 'patch', id: 'a' })).rejects.toThrow(TypeError);
    });
  });

  describe('a batch', () => {
    it('writes every kind of change at once, and answers with their etags', async () => {
      const here = newRepository(documents());
      await here.create(here.document('replaced'), here.document('patched', { n: 1 }), here.document('deleted'));
      const outcome = await here.commit(
        { do: 'create', document: here.document('created') },
        { do: 'upsert', document: here.document('upserted') },
        { do: 'replace', document: here.document('replaced', { new: true }) },
        { do: 'patch', id: 'patched', set: { new: true }, increment: [{ path: 'n', by: 1 }] },
        { do: 'delete', id: 'deleted' },
      );
      expect(outcome).toMatchObject({ committed: true });
      const ids = ['created', 'upserted', 'replaced', 'patched', 'deleted'];
      const read = await Promise.all(ids.map((id) => here.read(id)));
      expect(outcome.committed && outcome.etags).toEqual(read.map((each) => each?.etag));
      expect(read.map((each) => each?.document)).toEqual([
        here.document('created'),
        here.document('upserted'),
        here.document('replaced', { new: true }),
        here.document('patched', { n: 2, new: true }),
        undefined,
      ]);
    });

    it.each(['replace', 'patch', 'delete'] as const)(
      'writes nothing when the document of a %s is absent, and says which change it was',
      async (verb) => {
        const here = newRepository(documents());
        await here.create(here.document('there'));
        const changes = {
          replace: { do: 'replace', document: here.document('missing') },
          patch: { do: 'patch', id: 'missing', set: { n: 1 } },
          delete: { do: 'delete', id: 'missing' },
        } as const;
        const outcome = await here.commit(
          { do: 'create', document: here.document('one') },
          { do: 'delete', id: 'there' },
          changes[verb],
          { do: 'create', document: here.document('two') },
        );
        expect(outcome).toEqual(refused(2, 'absent'));
        expect(await here.read('one')).toBeUndefined();
        expect(await here.read('two')).toBeUndefined();
        expect(await here.read('there')).toBeDefined();
      },
    );

    it('lets each change see those before it', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { n: 1 }));
      const outcome = await here.commit(
        { do: 'delete', id: 'a' },
        { do: 'create', document: here.document('a', { n: 2 }) },
        { do: 'patch', id: 'a', increment: [{ path: 'n', by: 1 }] },
      );
      expect(outcome).toMatchObject({ committed: true });
      expect((await here.read('a'))?.document).toEqual(here.document('a', { n: 3 }));
    });

    it.each(['replace', 'patch', 'delete'] as const)(
      'writes nothing when the etag of a %s is not the one that is there',
      async (verb) => {
        const here = newRepository(documents());
        await here.create(here.document('there', { n: 1 }));
        const changes = {
          replace: { do: 'replace', document: here.document('there'), ifMatch: stale },
          patch: { do: 'patch', id: 'there', set: { n: 2 }, ifMatch: stale },
          delete: { do: 'delete', id: 'there', ifMatch: stale },
        } as const;
        expect(await here.commit({ do: 'create', document: here.document('one') }, changes[verb])).toEqual(
          refused(1, 'changed'),
        );
        expect(await here.read('one')).toBeUndefined();
        expect((await here.read('there'))?.document).toEqual(here.document('there', { n: 1 }));
      },
    );

    it('writes nothing when the last of them exists already', async () => {
      const here = newRepository(documents());
      await here.create(here.document('there'));
      const outcome = await here.commit(
        { do: 'upsert', document: here.document('new') },
        { do: 'create', document: here.document('there') },
      );
      expect(outcome).toEqual(refused(1, 'exists'));
      expect(await here.read('new')).toBeUndefined();
    });

    it('takes the etags that were read', async () => {
      const here = newRepository(documents());
      const etag = etagOf(await here.commit({ do: 'create', document: here.document('a', { n: 1 }) }));
      const outcome = await here.commit(
        { do: 'create', document: here.document('b') },
        { do: 'replace', document: here.document('a', { n: 2 }), ifMatch: etag },
      );
      expect(outcome).toMatchObject({ committed: true });
      expect((await here.read('a'))?.etag).toBe(etagOf(outcome, 1));
    });

    it('takes 100 changes, and refuses 101 and none', async () => {
      const here = newRepository(documents());
      const creates = Array.from(
        { length: 101 },
        (_, index) => ({ do: 'create', document: here.document(`d${index}`) }) as const,
      );
      await expect(here.commit(...creates)).rejects.toThrow(TypeError);
      await expect(here.commit()).rejects.toThrow(TypeError);
      expect(await here.commit(...creates.slice(0, 100))).toMatchObject({ committed: true });
      expect(await here.read('d99')).toBeDefined();
    });

    it('lets one of two win that race for the same document', async () => {
      const here = newRepository(documents());
      const etag = etagOf(await here.commit({ do: 'create', document: here.document('a') }));
      const race = await Promise.all(
        ['x', 'y'].map((by) =>
          here.commit(
            { do: 'create', document: here.document(by) },
            { do: 'patch', id: 'a', set: { by }, ifMatch: etag },
          ),
        ),
      );
      expect(race.filter(({ committed }) => committed)).toHaveLength(1);
      const winner = race[0]?.committed === true ? 'x' : 'y';
      expect((await here.read('a'))?.document).toMatchObject({ by: winner });
      expect(await here.read(winner === 'x' ? 'y' : 'x')).toBeUndefined();
    });
  });

  describe('what no store takes', () => {
    it.each(['a/b', 'a\\b', 'a?b', 'a#b', ''])('refuses the id %j', async (id) => {
      const here = newRepository(documents());
      await expect(here.commit({ do: 'create', document: here.document(id) })).rejects.toThrow(TypeError);
    });

    it('refuses a document of more than 2 MB, and a batch of more', async () => {
      const here = newRepository(documents());
      const bytes = (megabytes: number) => 'x'.repeat(megabytes * 1024 * 1024);
      await expect(here.commit({ do: 'create', document: here.document('a', { bytes: bytes(2.1) }) })).rejects.toThrow(
        TypeError,
      );
      const half = [1, 2].map(
        (n) => ({ do: 'create', document: here.document(`h${n}`, { bytes: bytes(1.1) }) }) as const,
      );
      await expect(here.commit(...half)).rejects.toThrow(TypeError);
      expect(await here.commit({ do: 'create', document: here.document('b', { bytes: bytes(1.5) }) })).toMatchObject({
        committed: true,
      });
    });

    it.each([
      ['its id', { set: { id: 'b' } }],
      ['its partition', { set: { repository: 'other' } }],
      ['a path whose parent is missing', { set: { 'missing.n': 1 } }],
      ['a text by incrementing it', { increment: [{ path: 'text', by: 1 }] }],
    ] as const)('refuses to patch %s', async (_, patch) => {
      const here = newRepository(documents());
      await here.create(here.document('a', { text: 'a' }));
      await expect(here.commit({ do: 'patch', id: 'a', ...patch })).rejects.toThrow(TypeError);
      expect((await here.read('a'))?.document).toEqual(here.document('a', { text: 'a' }));
    });

    it('refuses a partition that lacks a level', async () => {
      const here = newRepository(documents());
      await expect(
        documents().readDocument({ container: 'repositories', partition: [here.partition[0]], id: 'a' }),
      ).rejects.toThrow(TypeError);
      await expect(
        documents().commitDocuments('repositories', [here.partition[0]], [{ do: 'delete', id: 'a' }]),
      ).rejects.toThrow(TypeError);
    });

    it('refuses a document of another partition', async () => {
      const [here, there] = [newRepository(documents()), newRepository(documents())];
      await expect(here.commit({ do: 'create', document: there.document('a') })).rejects.toThrow(TypeError);
      await expect(
        here.commit({ do: 'upsert', document: here.document('b') }, { do: 'upsert', document: there.document('a') }),
      ).rejects.toThrow(TypeError);
      expect(await here.read('b')).toBeUndefined();
    });
  });
}
