import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeFeedPullModelIterator, ChangeFeedStartFrom, Container } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { createAll, HIERARCHICAL, refusal, startFrom, useEmulator } from './harness.ts';

const bed = useEmulator();

interface Changed {
  readonly id: string;
  readonly _lsn: number;
}

/** Reads until the feed says that there is nothing more. */
async function drain(
  feed: ChangeFeedPullModelIterator<Changed>,
): Promise<{ ids: string[]; lsns: number[]; token: string }> {
  const changes: Changed[] = [];
  for (;;) {
    const page = await feed.readNext();
    if (page.statusCode === 304)
      return { ids: changes.map(({ id }) => id), lsns: changes.map(({ _lsn }) => _lsn), token: page.continuationToken };
    changes.push(...page.result);
  }
}

const open = (
  container: Container,
  changeFeedStartFrom: ChangeFeedStartFrom,
  maxItemCount = 100,
): ChangeFeedPullModelIterator<Changed> =>
  container.items.getChangeFeedIterator<Changed>({ changeFeedStartFrom, maxItemCount });

const some = async (): Promise<Container> => {
  const container = await bed.newContainer();
  await createAll(
    container,
    ['a', 'b', 'c', 'd', 'e'].map((id, n) => ({ id, pk: n % 2 === 0 ? 'even' : 'odd' })),
  );
  return container;
};

describe('the change feed', () => {
  it('tells all changes from the beginning, in order, page by page', async () => {
    const { ids, lsns } = await drain(open(await some(), startFrom.beginning(), 2));
    expect(ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(lsns).toEqual(lsns.toSorted((left, right) => left - right));
  });

  it('tells only the latest version of an item, at the place of its last change', async () => {
    const container = await some();
    await container.items.upsert({ id: 'b', pk: 'odd', n: 2 });
    expect((await drain(open(container, startFrom.beginning()))).ids).toEqual(['a', 'c', 'd', 'e', 'b']);
  });

  it('goes on from a token, also after a quiet time', async () => {
    const container = await some();
    const { token } = await drain(open(container, startFrom.beginning()));
    expect((await drain(open(container, startFrom.token(token)))).ids).toEqual([]);
    await container.items.create({ id: 'f', pk: 'even' });
    expect((await drain(open(container, startFrom.token(token)))).ids).toEqual(['f']);
  });

  it('that starts now delivers what comes later and nothing earlier', async () => {
    const container = await some();
    const feed = open(container, startFrom.now());
    expect((await drain(feed)).ids).toEqual([]);
    await container.items.create({ id: 'later', pk: 'even' });
    expect((await drain(feed)).ids).toEqual(['later']);
  });

  it('that starts at a time leaves out what is older', async () => {
    const container = await some();
    await sleep(1100);
    const start = new Date();
    await container.items.create({ id: 'young', pk: 'even' });
    expect((await drain(open(container, startFrom.time(start)))).ids).toEqual(['young']);
  });

  it('can be read for one partition', async () => {
    const container = await some();
    expect((await drain(open(container, startFrom.beginning('odd'), 1))).ids).toEqual(['b', 'd']);
  });

  it('can be read for one partition of a hierarchical key', async () => {
    const container = await bed.newContainer(HIERARCHICAL);
    await createAll(container, [
      { id: 'a', registry: 'r', repository: 'x' },
      { id: 'b', registry: 'r', repository: 'y' },
    ]);
    expect((await drain(open(container, startFrom.beginning(['r', 'y'])))).ids).toEqual(['b']);
  });

  it('tells nothing of a deletion', async () => {
    const container = await some();
    const { token } = await drain(open(container, startFrom.beginning()));
    await container.item('a', 'even').delete();
    expect((await drain(open(container, startFrom.token(token)))).ids).toEqual([]);
  });

  it('tells every operation of a batch, and none of one that failed', async () => {
    const container = await bed.newContainer();
    const create = (id: string) => ({ operationType: 'Create' as const, resourceBody: { id, pk: 'x' } });
    await container.items.batch([create('a'), create('b')], 'x');
    await container.items.batch([create('c'), create('b')], 'x');
    expect((await drain(open(container, startFrom.beginning()))).ids).toEqual(['a', 'b']);
  });

  it('names the modes that it does not have', async () => {
    const container = await some();
    const feed = container.items.getChangeFeedIterator({
      changeFeedStartFrom: startFrom.now(),
      changeFeedMode: 'Full-Fidelity Feed' as never,
    });
    expect((await refusal(feed.readNext())).code).toBe(501);
  });
});
