import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { approve, planOf, policed, putPolicy } from '../shared/features/purge/policed.ts';
import { ask, makeImage, pushBlob, pushImage } from '../shared/image.ts';

const repository = 'team/app';

describe('what a policy took', () => {
  async function taken() {
    const longshore = policed();
    const image = makeImage('taken');
    await pushImage(longshore.app, repository, 'v1', image);
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(longshore.app, { remove: [{ name: 'old', olderThanDays: 7 }], brakePercent: 100 });
    expect((await approve(longshore.app, await planOf(longshore.app))).status).toBe(200);
    return { app: longshore.app, image };
  }
  const inList = async (app: Awaited<ReturnType<typeof taken>>['app']) =>
    ((await (await ask(app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] }).tags.includes('v1');

  it('stays in the bin when a poller asks by HEAD, by tag or by digest', async () => {
    const { app, image } = await taken();
    for (const reference of ['v1', image.digest])
      for (const agent of ['', 'Watchtower/1.7', 'keel.sh', 'Renovate/39', 'curl/8.5', 'go-containerregistry/0.20']) {
        expect(
          (await ask(app, 'HEAD', `/v2/${repository}/manifests/${reference}`, { headers: { 'user-agent': agent } }))
            .status,
        ).toBe(404);
      }
    expect(await inList(app)).toBe(false);
    expect((await ask(app, 'GET', `/v2/${repository}/manifests/v1`)).status).toBe(200);
    expect(await inList(app)).toBe(true);
  });

  it.each(['containerd/1.7.2', 'buildkit/v0.13', 'docker/28.0.0 go/go1.23'])(
    'comes back for %s, which begins a pull by HEAD',
    async (agent) => {
      const { app } = await taken();
      expect(
        (await ask(app, 'HEAD', `/v2/${repository}/manifests/v1`, { headers: { 'user-agent': agent } })).status,
      ).toBe(200);
      expect(await inList(app)).toBe(true);
    },
  );
});

describe('a Range that Blob Storage does not know', () => {
  it.each<[string, number, string]>([
    ['bytes=a-b', 200, '0123456789'],
    ['bytes=0-1,4-5', 200, '0123456789'],
    ['lines=1-2', 200, '0123456789'],
    ['bytes=', 200, '0123456789'],
    ['bytes=99999999999999999-', 200, '0123456789'],
    ['Bytes=2-3', 206, '23'],
    ['bytes= 2-3', 206, '23'],
    ['bytes=-2', 206, '89'],
  ])('%s is answered here and not redirected to it', async (range, status, text) => {
    const { app } = composeForTest();
    const digest = await pushBlob(app, repository, Buffer.from('0123456789'));
    const answer = await ask(app, 'GET', `/v2/${repository}/blobs/${digest}`, { headers: { range } });
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });

  it('is answered whole when If-Range names another content, and a plain one is redirected still', async () => {
    const { app } = composeForTest();
    const digest = await pushBlob(app, repository, Buffer.from('0123456789'));
    const get = (headers: Record<string, string>) => ask(app, 'GET', `/v2/${repository}/blobs/${digest}`, { headers });
    expect((await get({ range: 'bytes=2-3', 'if-range': '"other"' })).status).toBe(200);
    for (const range of ['bytes=2-3', 'bytes=2-']) expect((await get({ range })).status).toBe(307);
    expect((await get({})).status).toBe(307);
  });
});

describe('a filter of referrers by a type with a bare +', () => {
  it('finds them as one with %2B does, parameters and blanks among them', async () => {
    const { app } = composeForTest();
    const image = makeImage('subject');
    await pushImage(app, repository, 'v1', image);
    const subject = { mediaType: mediaTypes.ociManifest, digest: image.digest, size: image.bytes.length };
    for (const artifactType of ['application/spdx+json', 'text/x+y; charset=utf-8', 'my own type']) {
      const referrer = makeImage(artifactType, 1, { artifactType, subject });
      await pushImage(app, repository, referrer.digest, referrer);
    }
    const found = async (query: string) =>
      (
        (await (await ask(app, 'GET', `/v2/${repository}/referrers/${image.digest}?artifactType=${query}`)).json()) as {
          manifests: { artifactType: string }[];
        }
      ).manifests.map(({ artifactType }) => artifactType);
    for (const query of ['application/spdx+json', 'application/spdx%2Bjson', 'application%2Fspdx+json'])
      expect(await found(query)).toEqual(['application/spdx+json']);
    for (const query of ['text/x+y;+charset=utf-8', 'text/x%2By;%20charset%3Dutf-8'])
      expect(await found(query)).toEqual(['text/x+y; charset=utf-8']);
    expect(await found('my+own%20type')).toEqual(['my own type']);
    expect(await found('application/other+json')).toEqual([]);
  });
});
