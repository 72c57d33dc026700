import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { everythingOf, makeIndex, naming, post, push, timedLongshore } from './binned.ts';

const repository = 'team/app';
const sigTag = (digest: string, end = 'sig') => `${digest.replace(':', '-')}.${end}`;

/** More children than one transaction moves. */
const children = Array.from({ length: 21 }, (_, n) => makeImage(`child ${n}`, 0));
const index = makeIndex(children);
const [first, last] = [children[0], children.at(-1)];
if (first === undefined || last === undefined) throw new Error('there are no children');

async function pushAll(app: App): Promise<void> {
  for (const child of children) await pushImage(app, repository, child.digest, child);
  await push(app, repository, 'all', index);
}

interface Preview {
  readonly goes: { readonly tags: string[]; readonly manifests: { readonly digest: string }[] };
  readonly stays: readonly { readonly digest: string; readonly why: string }[];
}

async function deleted(app: App): Promise<{ preview: Preview; left: string[] }> {
  const query = `repository=${repository}&reference=${index.digest}`;
  const preview = (await (await ask(app, 'GET', `/api/v1/images/deletion?${query}`)).json()) as Preview;
  expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${index.digest}`)).status).toBe(202);
  const { manifests } = (await everythingOf(app, repository)) as { manifests: { manifests: { digest: string }[] } };
  return { preview, left: manifests.manifests.map(({ digest }) => digest) };
}

describe('a signature about two images that go in one deletion', () => {
  it.each([
    ['its tag names the first one and its subject is the last', first, last],
    ['its tag names the last one and its subject is the first', last, first],
  ])('goes with them when %s, as the preview says, and comes back with them', async (_, named, subject) => {
    const longshore = timedLongshore();
    const { app } = longshore;
    await pushAll(app);
    const signature = makeImage('signature', 0, naming(subject));
    await pushImage(app, repository, sigTag(named.digest), signature);
    const before = await everythingOf(app, repository);
    const { preview, left } = await deleted(app);
    expect(left).toEqual([]);
    expect(preview.goes.manifests.map(({ digest }) => digest)).toContain(signature.digest);
    expect(preview.goes.tags).toContain(sigTag(named.digest));
    await post(app, '/api/v1/bin/restore', { repository, digest: index.digest });
    await runDue(longshore);
    expect(await everythingOf(app, repository)).toEqual(before);
  });

  it('goes when it has a tag about each of them', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    await pushAll(app);
    const signature = makeImage('signature', 0);
    for (const { digest } of [first, last]) await pushImage(app, repository, sigTag(digest), signature);
    const before = await everythingOf(app, repository);
    const { preview, left } = await deleted(app);
    expect(left).toEqual([]);
    expect(preview.goes.tags).toEqual(expect.arrayContaining([sigTag(first.digest), sigTag(last.digest)]));
    await post(app, '/api/v1/bin/restore', { repository, digest: index.digest });
    await runDue(longshore);
    expect(await everythingOf(app, repository)).toEqual(before);
  });

  it('stays while one of the two stays, or a tag of its own', async () => {
    const { app } = timedLongshore();
    await pushAll(app);
    const [other, own] = [makeImage('about one that stays', 0), makeImage('with a tag of its own', 0)];
    await pushImage(app, repository, 'kept', last);
    for (const { digest } of [first, last]) await pushImage(app, repository, sigTag(digest), other);
    for (const tag of [sigTag(first.digest, 'own'), 'own']) await pushImage(app, repository, tag, own);
    const { left } = await deleted(app);
    expect(left.toSorted()).toEqual([last.digest, other.digest, own.digest].toSorted());
  });
});
