import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { Registry } from './building.ts';
import { build, host, reasonOf, registry, upload } from './building.ts';

const first = build('base', 'base 1');

async function pinned(settings: object = {}, dockerfile = `FROM ${host}/base:1@${first.digest}`): Promise<Registry> {
  const of = registry();
  await of.push(first, '1');
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) };
  expect((await of.api('PUT', '/tasks/app', { image: 'app:1', context, ...settings })).status).toBeOneOf([200, 201]);
  await of.api('POST', '/tasks/app/run');
  await of.settle();
  return of;
}

async function moved(of: Registry, content: string): Promise<string> {
  const next = build('base', content);
  await of.push(next, '1');
  await of.settle();
  return next.digest;
}

/** Returns what the builder was given, build by build. */
async function builtFrom(of: Registry): Promise<readonly string[]> {
  const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string; images: number }[] };
  const logs = await Promise.all(
    builds
      .filter(({ images }) => images > 0)
      .map(async ({ id }) =>
        (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${id}/log?image=app:1`))).text(),
      ),
  );
  return logs.map((log) => /@(sha256:[0-9a-f]{64})/.exec(log)?.[1] ?? 'no pin').reverse();
}

describe('a task whose Dockerfile names its base by digest', () => {
  it('stays on it when the tag moves', async () => {
    const of = await pinned();
    await moved(of, 'base 2');
    expect(await builtFrom(of)).toEqual([first.digest]);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('pinned-to-a-digest');
  });

  it('follows the tag where it says so, and on, without the file being changed', async () => {
    const of = await pinned({ pins: 'bump' });
    const [second, third] = [await moved(of, 'base 2'), await moved(of, 'base 3')];
    expect(await builtFrom(of)).toEqual([first.digest, second, third]);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('made');
    expect((await of.api('GET', '/tasks/app')).body).toMatchObject({ bases: [`base:1@${first.digest}`] });
  });

  it('is built with the present digest on request, except for references without a tag, or to another registry', async () => {
    const elsewhere = `sha256:${'e'.repeat(64)}`;
    const of = await pinned(
      { pins: 'bump' },
      `FROM ${host}/base@${first.digest} AS untagged\nFROM docker.io/library/alpine:3@${elsewhere}\nCOPY --from=untagged / /`,
    );
    await moved(of, 'base 2');
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect(await builtFrom(of)).toEqual([first.digest, first.digest]);
  });

  it('replaces the digests of the commit that is built, which may differ from those of the one before', async () => {
    const of = registry();
    const git = 'https://git.example/app.git';
    of.git.create(git);
    await of.push(first, '1');
    of.git.commit(git, 'main', { Dockerfile: `FROM ${host}/base:1@${first.digest}` });
    await of.api('PUT', '/tasks/app', { image: 'app:1', context: { git }, pins: 'bump' });
    const second = await moved(of, 'base 2');
    of.git.commit(git, 'main', { Dockerfile: `FROM ${host}/base:1@${second}\nRUN more` });
    const third = await moved(of, 'base 3');
    expect(await builtFrom(of)).toEqual([second, third]);
  });

  it('has it resolved once for all platforms: a tag that moves meanwhile would give them different bases', async () => {
    const of = await pinned({ pins: 'bump', platforms: ['linux/amd64', 'linux/arm64'] });
    const second = await moved(of, 'base 2');
    const calls = new CallPlan();
    let reads = 0;
    calls.delay(({ name, input }) => {
      if (
        name === 'documents.read' &&
        JSON.stringify(input).includes('"tag:1"') &&
        JSON.stringify(input).includes('"base"')
      )
        reads += 1;
      return 0;
    });
    await of.api('POST', '/tasks/app/run');
    await of.process(calls).messages['builds-work'](of.world.region('home').queues.drain('build-runs')[0]);
    expect((await builtFrom(of)).at(-1)).toBe(second);
    expect(reads).toBe(1);
  });

  it("finds the digest in a variable's default too", async () => {
    const of = await pinned(
      { pins: 'bump' },
      `ARG DIGEST=${first.digest}\nFROM ${host}/base:1@\${DIGEST}\nLABEL was=@${first.digest}`,
    );
    const second = await moved(of, 'base 2');
    expect(await builtFrom(of)).toEqual([first.digest, second]);
  });
});
