import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { hour, statusOf, timedLongshore } from './binned.ts';

interface Deletion {
  readonly group: string;
  readonly repository: string;
  readonly recycledAt: string;
  readonly manifests: number;
  readonly tags: number;
  readonly someTags: readonly string[];
  readonly bytes: number;
  readonly isAtLeast?: true;
}

async function pagesOf(app: App, query: string): Promise<Deletion[][]> {
  const pages: Deletion[][] = [];
  for (let next: string | undefined = `/api/v1/bin/deletions?${query}`; next !== undefined;) {
    const answer = await ask(app, 'GET', next);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    const page = JSON.parse(text) as { items: Deletion[]; nextLink?: string };
    pages.push(page.items);
    next = page.nextLink;
  }
  return pages;
}

async function pushAndDelete(app: App, repository: string, tags: readonly string[], by = 'digest'): Promise<void> {
  const image = makeImage(`${repository} ${tags.join(' ')}`);
  for (const tag of tags) await pushImage(app, repository, tag, image);
  const reference = by === 'digest' ? image.digest : (tags[0] ?? '');
  expect(await statusOf(app, `/v2/${repository}/manifests/${reference}`, 'DELETE')).toBe(202);
}

describe('the list of deletions', () => {
  it('has the newest first, each once and whole, whatever the pages are', async () => {
    const { app, passTime } = timedLongshore();
    // The third is larger than a page of entries, and all have several.
    for (const [index, count] of [3, 2, 130, 1, 4].entries()) {
      passTime(hour);
      await pushAndDelete(
        app,
        `team/app${index % 2}`,
        Array.from({ length: count }, (_, tag) => `v${index}.${tag}`),
      );
    }
    const [whole = []] = await pagesOf(app, 'limit=100');
    expect(whole.map(({ repository, tags, manifests }) => [repository, tags, manifests])).toEqual([
      ['team/app0', 4, 1],
      ['team/app1', 1, 1],
      ['team/app0', 130, 1],
      ['team/app1', 2, 1],
      ['team/app0', 3, 1],
    ]);
    expect(whole.map(({ isAtLeast }) => isAtLeast)).toEqual([undefined, undefined, true, undefined, undefined]);
    for (const limit of [1, 2, 3, 4, 5]) expect((await pagesOf(app, `limit=${limit}`)).flat()).toEqual(whole);
    expect((await pagesOf(app, 'limit=2&repository=team/app1')).flat()).toEqual([whole[1], whole[3]]);
  });

  it('leads through deletions of one moment too, and through no other list', async () => {
    const { app } = timedLongshore();
    for (let index = 0; index < 7; index++) await pushAndDelete(app, 'team/app', [`v${index}`]);
    const [whole = []] = await pagesOf(app, 'limit=100');
    expect(whole.length).toBe(7);
    for (const limit of [1, 2, 3])
      expect(new Set((await pagesOf(app, `limit=${limit}`)).flat().map(({ group }) => group))).toEqual(
        new Set(whole.map(({ group }) => group)),
      );
    const page = (await (await ask(app, 'GET', '/api/v1/bin/deletions?limit=1')).json()) as { nextLink: string };
    expect((await ask(app, 'GET', `${page.nextLink}&repository=team/app`)).status).toBe(400);
    expect((await ask(app, 'GET', page.nextLink.replace('/deletions', ''))).status).toBe(400);
  });

  it('does not move a deletion in it when newer ones come', async () => {
    const { app, passTime } = timedLongshore();
    for (const tag of ['a', 'b', 'c']) {
      passTime(hour);
      await pushAndDelete(app, 'team/app', [tag]);
    }
    const first = (await (await ask(app, 'GET', '/api/v1/bin/deletions?limit=1')).json()) as {
      items: Deletion[];
      nextLink: string;
    };
    expect(first.items[0]?.someTags).toEqual(['c']);
    passTime(hour);
    await pushAndDelete(app, 'team/app', ['d']);
    const second = (await (await ask(app, 'GET', first.nextLink)).json()) as { items: Deletion[] };
    expect(second.items[0]?.someTags).toEqual(['b']);
  });

  it('is empty when nothing was deleted', async () => {
    expect(await pagesOf(timedLongshore().app, '')).toEqual([[]]);
  });
});
