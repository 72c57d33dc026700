import { describe, expect, it } from 'vitest';
import type { Operation } from '../api/document.ts';
import { readDocument } from '../api/document.ts';
import { Browser } from '../shared/features/identity/browser.ts';
import { adminPassword, composeRequired } from '../shared/features/identity/required.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const values: Readonly<Record<string, string>> = {
  repository: 'team/app',
  reference: '1',
  tag: '1',
  image: 'team/app:1',
  base: 'team/app:1',
  from: 'team/app:1',
  to: 'team/app:1',
  digest,
  action: 'pull',
  by: 'size',
};

/** Returns the address of an operation, with values for what it takes. */
function addressOf(path: string, { parameters = [] }: Operation): string {
  // A digest and a tag together would be refused, and a time is no image.
  const taken = parameters.filter(({ name, in: where }) => where === 'query' && name in values && name !== 'tag');
  const isPeriod = path.startsWith('/usage');
  const given = taken.filter(({ name }) => !isPeriod || name === 'by');
  const query = new URLSearchParams(Object.fromEntries(given.map(({ name }) => [name, values[name] ?? ''])));
  return `/api/v1${path.replaceAll(/\{\w+\}/g, 'name1')}?${query.toString()}`;
}

describe('an answer to somebody who is signed in', () => {
  it('is kept by no cache that people share, whatever of the API was asked', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore);
    expect((await browser.signIn('admin', adminPassword)).status).toBe(201);
    const paths = Object.entries((await readDocument()).paths).flatMap(([path, { get }]) =>
      get === undefined ? [] : [addressOf(path, get)],
    );
    expect(paths.length).toBeGreaterThan(40);
    const statuses = new Set<number>();
    for (const path of paths) {
      const answer = await browser.send(path);
      statuses.add(answer.status);
      expect([path, answer.headers.get('cache-control')]).toEqual([
        path,
        expect.stringMatching(/\b(?:no-store|private)\b/),
      ]);
      expect([path, answer.headers.get('cache-control')]).not.toEqual([
        path,
        expect.stringMatching(/\bpublic|s-maxage\b/),
      ]);
      expect([path, answer.headers.get('vary')]).toEqual([path, expect.stringMatching(/\bCookie\b/)]);
      expect([path, answer.headers.getSetCookie()]).toEqual([path, []]);
      await answer.body?.cancel();
    }
    // Both what succeeds and what fails was asked.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 404]));
  });

  it('is not that of a file of the portal: those are for everybody, and no answer with one sets a cookie', async () => {
    const browser = new Browser(composeRequired());
    await browser.signIn('admin', adminPassword);
    for (const path of ['/ui/', '/ui/tags', '/ui/assets/none-ABCDEFGH.js', '/ui', '/']) {
      const answer = await browser.send(path);
      expect([path, answer.headers.getSetCookie()]).toEqual([path, []]);
      expect([path, answer.headers.get('cache-control')]).not.toEqual([path, expect.stringContaining('public')]);
      await answer.body?.cancel();
    }
  });
});
