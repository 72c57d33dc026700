import { describe, expect, it } from 'vitest';
import { ask, makeImage, pushImage } from '../../image.ts';
import type { Timed } from '../recycle-bin/binned.ts';
import { timedLongshore } from '../recycle-bin/binned.ts';
import { askJson, refusal } from './asking.ts';

interface Deleted {
  readonly repositories?: string[];
  readonly manifests?: { digest: string; deletedAt: string; mediaType: string }[];
  readonly tags?: { tag: string; digest: string; deletedAt: string }[];
}

async function deleted({ app }: Timed, path: string): Promise<Deleted> {
  const answer = await ask(app, 'GET', `/acr/v1/_deleted/${path}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Deleted;
}

const [one, two] = [makeImage('one', 1), makeImage('two', 1)];

/** Two images of a repository, deleted a second apart, the second first. */
async function withDeleted(): Promise<Timed> {
  const longshore = timedLongshore();
  await pushImage(longshore.app, 'team/app', 'v1', one);
  await pushImage(longshore.app, 'team/app', 'v2', two);
  for (const { digest } of [two, one]) {
    longshore.passTime(1000);
    await ask(longshore.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
  }
  return longshore;
}

describe("ACR's routes for what is deleted", () => {
  it('list manifests and tags by the time of deletion, the last one last', async () => {
    const longshore = await withDeleted();
    const { manifests } = await deleted(longshore, 'team/app/_manifests');
    expect(manifests).toMatchObject([
      { digest: two.digest, deletedAt: '2026-01-01T00:00:01.0000000Z' },
      { digest: one.digest, deletedAt: '2026-01-01T00:00:02.0000000Z' },
    ]);
    const { tags } = await deleted(longshore, 'team/app/_tags');
    expect(tags).toEqual([
      { tag: 'v2', digest: two.digest, deletedAt: '2026-01-01T00:00:01.0000000Z' },
      { tag: 'v1', digest: one.digest, deletedAt: '2026-01-01T00:00:02.0000000Z' },
    ]);
    expect(await deleted(longshore, 'team%2Fapp/_tags')).toMatchObject({ imageName: 'team/app', tags });
  });

  it('page through them', async () => {
    const { app } = await withDeleted();
    const first = await askJson(app, 'GET', '/acr/v1/_deleted/team/app/_manifests?n=1');
    const next = /<(.*)>/.exec(first.link ?? '')?.[1] ?? '';
    expect((await askJson(app, 'GET', next)).body.manifests.map(({ digest }) => digest)).toEqual([one.digest]);
    expect((await askJson(app, 'GET', next)).link).toBeNull();
  });

  it('list the repositories that have something in the bin, in pages', async () => {
    const longshore = await withDeleted();
    for (const repository of ['a/a', 'z', 'untouched']) {
      await pushImage(longshore.app, repository, 'v1', one);
      if (repository !== 'untouched') await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/${one.digest}`);
    }
    expect((await deleted(longshore, '_catalog')).repositories).toEqual(['a/a', 'team/app', 'z']);
    const first = await askJson(longshore.app, 'GET', '/acr/v1/_deleted/_catalog?n=2');
    expect(first.body.repositories).toEqual(['a/a', 'team/app']);
    expect((await askJson(longshore.app, 'GET', /<(.*)>/.exec(first.link ?? '')?.[1] ?? '')).body.repositories).toEqual(
      ['z'],
    );
  });

  it('restore a manifest with its tags, or the tag that the body names', async () => {
    const { app } = await withDeleted();
    expect((await askJson(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${one.digest}`, {})).status).toBe(200);
    expect((await ask(app, 'HEAD', '/v2/team/app/manifests/v1')).status).toBe(200);
    expect(
      (await askJson(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${two.digest}`, { tag: 'v2' })).status,
    ).toBe(200);
    expect((await ask(app, 'HEAD', '/v2/team/app/manifests/v2')).status).toBe(200);
    expect(await refusal(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${two.digest}`, { tag: 'v2' })).toEqual([
      404,
      'TAG_UNKNOWN',
    ]);
    expect(await refusal(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${two.digest}`)).toEqual([
      404,
      'MANIFEST_UNKNOWN',
    ]);
  });

  it('overwrite a tag only by force, and what had it is in the bin then', async () => {
    const longshore = await withDeleted();
    const { app } = longshore;
    await pushImage(app, 'team/app', 'v1', makeImage('three', 0));
    expect(await refusal(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${one.digest}`, { tag: 'v1' })).toEqual([
      409,
      'CONFLICT',
    ]);
    expect(
      (await askJson(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${one.digest}?force=true`, { tag: 'v1' }))
        .status,
    ).toBe(200);
    expect((await ask(app, 'HEAD', '/v2/team/app/manifests/v1')).headers.get('docker-content-digest')).toBe(one.digest);
    expect((await deleted(longshore, 'team/app/_tags')).tags?.map(({ digest }) => digest)).toContain(
      makeImage('three', 0).digest,
    );
  });

  it('say of a body what is wrong with it', async () => {
    const { app } = await withDeleted();
    for (const body of ['not json', '{"tag": "-"}', '[]']) {
      const answer = await ask(app, 'POST', `/acr/v1/_deleted/team/app/_manifests/${one.digest}`, { body });
      expect([answer.status, ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code]).toEqual([
        400,
        'BAD_REQUEST',
      ]);
    }
  });
});
