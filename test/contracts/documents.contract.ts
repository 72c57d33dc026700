import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Documents } from '../../shared/core/ports/documents.ts';
import { changeSentences } from './documents.changes.ts';
import { querySentences } from './documents.queries.ts';
import { newRepository } from './repository.ts';

export interface DocumentsUnderTest {
  readonly documents: Documents;
  /** Lets at least this long pass, for the store. */
  elapse(milliseconds: number): Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Every sentence of shared/core/ports/documents.ts, asked of one adapter. */
export function documentsContract(name: string, setup: () => Promise<DocumentsUnderTest>): void {
  describe(`documents: ${name}`, () => {
    let world: DocumentsUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());
    const documents = () => world.documents;

    readSentences(documents, (milliseconds) => world.elapse(milliseconds));
    changeSentences(documents);
    querySentences(documents, (milliseconds) => world.elapse(milliseconds));
  });
}

function readSentences(documents: () => Documents, elapse: DocumentsUnderTest['elapse']): void {
  describe('reading', () => {
    it('answers undefined when there is no such document, or no such partition', async () => {
      const here = newRepository(documents());
      expect(await here.read('tag:latest')).toBeUndefined();
      await here.create(here.document('tag:v1'));
      expect(await here.read('tag:latest')).toBeUndefined();
    });

    it('gives back what was written, and nothing of the store in it', async () => {
      const here = newRepository(documents());
      const document = here.document('manifest:sha256:é✓', {
        n: 1.5,
        deep: { list: [1, null, { a: 'ü' }], no: false },
        empty: {},
        none: null,
      });
      await here.create(document);
      expect((await here.read(document.id))?.document).toEqual(document);
    });

    it('keeps documents of one id in two repositories apart', async () => {
      const [one, two] = [newRepository(documents()), newRepository(documents())];
      await one.create(one.document('tag:latest', { of: 'one' }));
      await two.create(two.document('tag:latest', { of: 'two' }));
      expect((await one.read('tag:latest'))?.document).toMatchObject({ of: 'one' });
      expect((await two.read('tag:latest'))?.document).toMatchObject({ of: 'two' });
    });

    it('hands out the etag that the commit answered with', async () => {
      const here = newRepository(documents());
      const outcome = await here.commit({ do: 'create', document: here.document('a') });
      expect(outcome).toEqual({ committed: true, etags: [expect.stringMatching(/./)] });
      expect(outcome.committed && outcome.etags[0]).toBe((await here.read('a'))?.etag);
    });

    it('is not changed by what the writer or a reader does to the object afterwards', async () => {
      const here = newRepository(documents());
      const mine = { ...here.document('a'), list: ['kept'] };
      await here.create(mine);
      mine.list.push('written after the commit');
      const read = (await here.read('a'))?.document as unknown as { list: string[] };
      try {
        read.list.push('written by a reader');
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
      expect((await here.read('a'))?.document).toMatchObject({ list: ['kept'] });
    });

    it('believes a document with a ttl gone when the ttl has passed, and lets its id be created again', async () => {
      const here = newRepository(documents());
      await here.create(
        here.document('brief', { ttl: 1 }),
        here.document('lasting', { ttl: -1 }),
        here.document('plain'),
      );
      expect(await here.read('brief')).toBeDefined();
      await elapse(2100);
      expect(await here.read('brief')).toBeUndefined();
      expect(await here.read('lasting')).toBeDefined();
      expect(await here.read('plain')).toBeDefined();
      await here.create(here.document('brief', { again: true }));
      expect((await here.read('brief'))?.document).toMatchObject({ again: true });
    });

    it('counts the ttl from the last write', async () => {
      const here = newRepository(documents());
      await here.create(here.document('a', { ttl: 3 }));
      await elapse(1500);
      expect(await here.commit({ do: 'patch', id: 'a', set: { touched: true } })).toMatchObject({ committed: true });
      await elapse(1700);
      expect(await here.read('a')).toBeDefined();
    });
  });
}
