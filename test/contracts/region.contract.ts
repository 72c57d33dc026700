import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Documents } from '../../shared/core/ports/documents.ts';
import { newRepository } from './repository.ts';

export interface RegionsUnderTest {
  /** Reads and queries where it writes. */
  readonly write: Documents;
  /** Reads and queries in a region that is `lagMs` behind. */
  readonly near: Documents;
  readonly lagMs: number;
  readonly elapse: (milliseconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Declares the tests of how a second region sees the documents. */
export function regionContract(name: string, setup: () => Promise<RegionsUnderTest>): void {
  describe(`a read region: ${name}`, () => {
    let world: RegionsUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());

    const repository = () => {
      const here = newRepository(world.write);
      const ref = (id: string) => ({ container: 'repositories', partition: here.partition, id }) as const;
      const query = async () => {
        const { documents } = await world.near.queryDocuments({
          container: 'repositories',
          partition: here.partition,
          where: [],
          limit: 10,
        });
        return documents.map(({ document }) => document);
      };
      return { here, query, readNear: async (id: string) => (await world.near.readDocument(ref(id)))?.document };
    };

    it('shows creations, changes and deletions when the lag has passed, and not before', async () => {
      const { here, query, readNear } = repository();
      await here.create(here.document('a', { n: 1 }));
      expect(await readNear('a')).toBeUndefined();
      expect(await query()).toEqual([]);
      await world.elapse(world.lagMs + 100);
      expect(await readNear('a')).toMatchObject({ n: 1 });
      await here.commit({ do: 'patch', id: 'a', set: { n: 2 } });
      expect(await readNear('a')).toMatchObject({ n: 1 });
      expect(await query()).toMatchObject([{ n: 1 }]);
      await world.elapse(world.lagMs + 100);
      expect(await readNear('a')).toMatchObject({ n: 2 });
      await here.commit({ do: 'delete', id: 'a' });
      expect(await here.read('a')).toBeUndefined();
      expect(await readNear('a')).toMatchObject({ n: 2 });
      await world.elapse(world.lagMs + 100);
      expect(await readNear('a')).toBeUndefined();
      expect(await query()).toEqual([]);
    });

    it('sends its writes to the write region, where conditions hold against what is there now', async () => {
      const { here, readNear } = repository();
      await here.create(here.document('a'));
      const outcome = await world.near.commitDocuments('repositories', here.partition, [
        { do: 'create', document: here.document('a') },
      ]);
      expect(outcome).toEqual({ committed: false, index: 0, because: 'exists' });
      await world.near.commitDocuments('repositories', here.partition, [
        { do: 'create', document: here.document('b') },
      ]);
      expect(await here.read('b')).toBeDefined();
      expect(await readNear('b')).toBeUndefined();
    });
  });
}
