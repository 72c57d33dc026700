import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { withoutEmptyPages } from '../../shared/core/documents/pages.ts';

const partition = ['r', 'team/app'];
const query = {
  container: 'repositories',
  partition,
  where: [{ path: 'type', is: '=', value: 't' }],
  limit: 1,
} as const;

describe('memory by chance', () => {
  it('gives an empty page that is not the last, and then the page that it kept back, without counting it as a call', async () => {
    const { documents, calls } = connectMemory(createMemoryWorld(), { chance: { seed: 1, emptyPages: 1 } });
    for (const id of ['a', 'b'])
      await documents.commitDocuments('repositories', partition, [
        { do: 'create', document: { id, type: 't', registry: 'r', repository: 'team/app' } },
      ]);
    const ids: string[][] = [];
    let continuation: string | undefined;
    do {
      const page = await documents.queryDocuments({
        ...query,
        ...(continuation === undefined ? {} : { continuation }),
      });
      ids.push(page.documents.map(({ document }) => document.id));
      continuation = page.continuation;
    } while (continuation !== undefined);
    expect(ids.flat()).toEqual(['a', 'b']);
    expect(ids.slice(0, 2)).toEqual([[], ['a']]);
    expect(calls.count('documents.query')).toBe(2);
    expect((await withoutEmptyPages(documents).queryDocuments(query)).documents).toHaveLength(1);
  });

  it('draws the same for the same seed', async () => {
    const drawn = async (seed: number) => {
      const { documents } = connectMemory(createMemoryWorld(), { chance: { seed, emptyPages: 0.5 } });
      return Promise.all(
        Array.from({ length: 40 }, async () => (await documents.queryDocuments(query)).continuation !== undefined),
      );
    };
    expect(await drawn(5)).toEqual(await drawn(5));
    expect(await drawn(5)).not.toEqual(await drawn(6));
  });

  it('answers that a commit is refused, though it is there, only where a second one is refused', async () => {
    const { documents } = connectMemory(createMemoryWorld(), { chance: { seed: 1, emptyPages: 0, lostEtags: 1 } });
    const document = { id: 'a', type: 't', registry: 'r', repository: 'team/app', count: 1 };
    expect(await documents.commitDocuments('repositories', partition, [{ do: 'create', document }])).toMatchObject({
      committed: false,
      because: 'exists',
    });
    expect((await documents.readDocument({ container: 'repositories', partition, id: 'a' }))?.document).toMatchObject({
      count: 1,
    });
    expect(
      await documents.commitDocuments('repositories', partition, [
        { do: 'patch', id: 'a', increment: [{ path: 'count', by: 1 }] },
      ]),
    ).toMatchObject({ committed: true });
    const found = await documents.readDocument({ container: 'repositories', partition, id: 'a' });
    expect(found?.document).toMatchObject({ count: 2 });
    expect(
      await documents.commitDocuments('repositories', partition, [
        { do: 'delete', id: 'a', ...(found === undefined ? {} : { ifMatch: found.etag }) },
      ]),
    ).toMatchObject({ committed: false });
    expect(await documents.readDocument({ container: 'repositories', partition, id: 'a' })).toBeUndefined();
  });
});
