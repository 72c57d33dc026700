import { describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { build, host, registry } from '../shared/features/builds/bases/building.ts';
import { statusOf, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushBlob, pushImage } from '../shared/image.ts';

const bytes = Buffer.from('a layer behind a lock');
const digest = digestOf(bytes);

async function lock(app: App, repository: string, readEnabled: boolean): Promise<void> {
  const answer = await ask(app, 'PATCH', `/acr/v1/${repository}`, { body: JSON.stringify({ readEnabled }) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** A repository whose blobs nobody may read. */
async function lockedSource(app: App, repository = 'locked/app'): Promise<void> {
  await pushImage(app, repository, 'v1', makeImage(`of ${repository}`, 1));
  await pushBlob(app, repository, bytes);
  await lock(app, repository, false);
}

const mount = (app: App, to: string, query: string) =>
  statusOf(app, `/v2/${to}/blobs/uploads/?mount=${digest}${query}`, 'POST');

describe('a mount from a repository that may not be read', () => {
  it('is answered with an upload, as if the blob were not there', async () => {
    const { app } = composeForTest();
    await lockedSource(app);
    expect(await statusOf(app, `/v2/locked/app/blobs/${digest}`)).toBe(405);
    expect(await mount(app, 'team/new', '&from=locked/app')).toBe(202);
    expect(await statusOf(app, `/v2/team/new/blobs/${digest}`, 'HEAD')).toBe(404);
  });

  it('is answered so without a source too, by every spelling of the query', async () => {
    const { app } = composeForTest();
    await lockedSource(app);
    const encoded = encodeURIComponent('locked/app');
    for (const query of [
      '',
      '&from=locked/app',
      `&from=${encoded}`,
      '&from=locked/app&from=team/new',
      '&digest-algorithm=sha256',
      '&from=%6cocked/app',
    ]) {
      expect(await mount(app, 'team/new', query), query).toBe(202);
      expect(await statusOf(app, `/v2/team/new/blobs/${digest}`, 'HEAD')).toBe(404);
    }
  });

  it('takes another repository that may be read where no source is named', async () => {
    const { app } = composeForTest();
    await lockedSource(app);
    await lockedSource(app, 'locked/more');
    await pushBlob(app, 'open/app', bytes);
    expect(await mount(app, 'team/new', '')).toBe(201);
    expect(await mount(app, 'team/newer', '&from=locked/more')).toBe(202);
  });

  it('is answered so when the repository mounts from itself', async () => {
    const { app } = composeForTest();
    await lockedSource(app);
    expect(await mount(app, 'locked/app', '&from=locked/app')).toBe(202);
  });

  it('works again once the lock is gone, and stops on every instance within the time that an entry is known for', async () => {
    const { app, another, passTime } = timedLongshore();
    const other = another().app;
    await pushImage(app, 'locked/app', 'v1', makeImage('changing', 1));
    await pushBlob(app, 'locked/app', bytes);
    expect(await mount(other, 'team/one', '&from=locked/app')).toBe(201);
    await lock(app, 'locked/app', false);
    passTime(5_001);
    expect(await mount(other, 'team/two', '&from=locked/app')).toBe(202);
    await lock(app, 'locked/app', true);
    passTime(5_001);
    expect(await mount(other, 'team/three', '&from=locked/app')).toBe(201);
  });
});

describe('reading a repository that may not be read', () => {
  it('is refused for manifests and blobs by every method and condition', async () => {
    const { app } = composeForTest();
    const image = makeImage('of locked/app', 1);
    await lockedSource(app);
    for (const path of [`blobs/${digest}`, `manifests/v1`, `manifests/${image.digest}`]) {
      for (const method of ['GET', 'HEAD']) {
        const conditions: Record<string, string>[] = [
          {},
          { range: 'bytes=0-3' },
          { range: 'bytes=-3' },
          { 'if-none-match': `"${digest}"` },
          { 'if-range': `"${digest}"`, range: 'bytes=0-1' },
        ];
        for (const headers of conditions) {
          const answer = await ask(app, method, `/v2/locked/app/${path}`, { headers });
          expect(
            [answer.status, answer.headers.get('location')],
            `${method} ${path} ${JSON.stringify(headers)}`,
          ).toEqual([405, null]);
        }
      }
    }
  });
});

describe('a rebase onto a base that may not be read', () => {
  it.each(['repository', 'tag', 'manifest'])(
    'is refused while the lock is on its %s, and takes none of its layers',
    async (what) => {
      const of = registry();
      await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
      const [base, next] = [build('base', 'base 1'), build('base', 'base 2')];
      await of.push(base, '1');
      await of.push(build('app', 'app', { base, says: `${host}/base:1` }), '1');
      await of.settle();
      const before = await of.pull('app:1');
      await of.push(next, '1');
      const path =
        { repository: '/acr/v1/base', tag: '/acr/v1/base/_tags/1', manifest: `/acr/v1/base/_manifests/${next.digest}` }[
          what
        ] ?? '';
      expect((await ask(of.app, 'PATCH', path, { body: JSON.stringify({ readEnabled: false }) })).status).toBe(200);
      await of.settle();
      expect((await of.pull('app:1')).digest).toBe(before.digest);
      for (const { digest: layer } of next.layers)
        expect((await ask(of.app, 'HEAD', `/v2/app/blobs/${layer}`)).status).toBe(404);
      const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
      expect((await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body).toMatchObject({
        items: [{ state: 'failed', because: expect.stringMatching(/its attributes forbid pulls/) as string }],
      });
    },
  );
});
