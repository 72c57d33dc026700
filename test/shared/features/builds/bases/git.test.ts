import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import { refsPushed } from '../../../../../shared/features/builds/tasks/git-pushed.ts';
import type { Registry } from './building.ts';
import { build, dependentsOf, host, registry } from './building.ts';

const git = 'https://git.example/team/app.git';

/** A task whose context is a folder of a repository. */
async function withTask(
  files: Record<string, string> = { 'app/Dockerfile': `FROM ${host}/base:1` },
  context: object = {},
): Promise<{ of: Registry; commit: string }> {
  const of = registry();
  of.git.create(git);
  const commit = of.git.commit(git, 'main', files);
  await of.push(build('base', 'base 1'), '1');
  await of.settle();
  expect(
    await of.api('PUT', '/tasks/app', { image: 'app:1', context: { git, folder: 'app', ...context } }),
  ).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number });
  return { of, commit };
}

const layersOf = async (of: Registry) => (await of.pull('app:1')).layers;
const hook = (of: Registry, commit: string, ref = 'refs/heads/main') =>
  of.api('POST', '/tasks/app/hook', { ref, after: commit });

describe('a task whose context is in git', () => {
  it('follows the bases of its Dockerfile before it was ever built, and is built at the commit of its branch', async () => {
    const { of } = await withTask();
    expect(await dependentsOf(of, 'base:1')).toEqual(['app:1']);
    of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/base:1\nRUN second` });
    await of.push(build('base', 'base 2'), '1');
    await of.settle();
    expect(await layersOf(of)).toEqual([`layer FROM ${host}/base:1\nRUN second (1)`]);
  });

  it('follows other bases when its Dockerfile names others', async () => {
    const { of } = await withTask();
    of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/other:1` });
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect([await dependentsOf(of, 'base:1'), await dependentsOf(of, 'other:1')]).toEqual([[], ['app:1']]);
  });

  it.each([
    ['a branch that is not there', { ref: 'none' }, 'it has no refs/tags/none and no refs/heads/none'],
    ['a folder that is not there', { folder: 'none' }, 'no such commit or folder'],
    ['a folder above it', { folder: '../..' }, 'must be'],
    ['a reference that is none', { ref: '--upload-pack=x' }, 'must be'],
    ['another repository', { git: 'https://git.example/none.git' }, '404'],
    ['a secret where there is no vault', { credential: { secret: 'longshore-user-token' } }, 'the vault has no secret'],
    [
      'a password by http',
      { git: 'http://git.example/team/app.git', credential: { secret: 'longshore-user-token' } },
      'sent by https alone',
    ],
  ])('is refused with %s', async (_, context, why) => {
    const { of } = await withTask();
    const answer = await of.api('PUT', '/tasks/app', { image: 'app:1', context: { git, folder: 'app', ...context } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(why);
  });

  it('fails, and keeps its tag, when its repository has gone', async () => {
    const { of, commit } = await withTask();
    await hook(of, commit);
    await of.settle();
    const before = (await of.pull('app:1')).digest;
    of.git.create(git);
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      { data: { because: `${git}: it has no refs/tags/main and no refs/heads/main` } },
    ]);
    expect((await of.pull('app:1')).digest).toBe(before);
  });

  it('is built at the same commit by the process that takes over', async () => {
    const { of } = await withTask();
    await of.api('POST', '/tasks/app/run');
    const messages = of.world.region('home').queues.drain('build-runs');
    const calls = new CallPlan();
    let isCut = false;
    // Dies over the first call after the commit was written down.
    calls.delay(({ name, input }) => {
      if (name === 'documents.commit' && JSON.stringify(input).includes('"commit":')) isCut = true;
      else if (isCut) throw new Crash('a planned death');
      return 0;
    });
    await of
      .process(calls)
      .messages['builds-work'](messages[0])
      .catch(() => undefined);
    expect(isCut).toBe(true);
    of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/base:1\nRUN later` });
    of.clock.advance(181_000);
    await of.process().timers['builds-sweep']();
    await of.settle();
    // By the second build of the runner.
    expect(await layersOf(of)).toEqual([`layer FROM ${host}/base:1 (2)`]);
  });
});

describe('a push to a repository', () => {
  it('has the task built once, however often its host notifies of it, and its answer says what is ignored', async () => {
    const { of } = await withTask();
    const commit = of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/base:1\nRUN pushed` });
    expect(await hook(of, commit)).toMatchObject({
      status: 202,
      body: { commit, build: expect.any(String) as string },
    });
    await of.settle();
    await hook(of, commit);
    await of.settle();
    expect(await layersOf(of)).toEqual([`layer FROM ${host}/base:1\nRUN pushed (1)`]);
    expect((await of.api('GET', '/builds')).body.items).toHaveLength(1);
    expect(await hook(of, commit, 'refs/heads/other')).toEqual({
      status: 200,
      body: { ignored: 'the notification is about refs/heads/other, and the task builds main' },
    });
    expect(await of.api('POST', '/tasks/app/hook', { zen: 'Keep it logically awesome.' })).toEqual({
      status: 200,
      body: { ignored: 'the notification is not about a push' },
    });
    expect(await hook(of, '0'.repeat(40))).toMatchObject({ status: 200 });
  });

  it('that moves a branch back to an earlier commit has that built again', async () => {
    const { of, commit: first } = await withTask();
    const move = async (before: string, after: string) => {
      await of.api('POST', '/tasks/app/hook', { ref: 'refs/heads/main', before, after });
      await of.settle();
    };
    await move('0'.repeat(40), first);
    const second = of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/base:1\nRUN second` });
    await move(first, second);
    expect(of.git.commit(git, 'main', { 'app/Dockerfile': `FROM ${host}/base:1` })).not.toBe(second);
    await move(second, first);
    expect(await layersOf(of)).toEqual([`layer FROM ${host}/base:1 (3)`]);
  });

  it('proves itself by the secret of its task alone', async () => {
    const { of, commit } = await withTask();
    const { secret } = (await of.api('PUT', '/tasks/app/hook', {})).body as { secret: string };
    const body = JSON.stringify({ ref: 'refs/heads/main', after: commit });
    const headers = { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
    const answer = await of.app.fetch(
      new Request(`http://${host}/api/v1/tasks/app/hook`, { method: 'POST', headers, body }),
    );
    expect(answer.status).toBe(202);
  });

  it.each([
    [
      'GitHub',
      { ref: 'refs/heads/main', after: '1'.repeat(40), repository: {} },
      [{ ref: 'refs/heads/main', commit: '1'.repeat(40) }],
    ],
    [
      'GitHub, of a deletion',
      { ref: 'refs/heads/main', after: '0'.repeat(40), deleted: true },
      [{ ref: 'refs/heads/main', commit: undefined }],
    ],
    [
      'GitLab',
      { object_kind: 'push', ref: 'refs/heads/main', after: '1'.repeat(40), checkout_sha: '1'.repeat(40) },
      [{ ref: 'refs/heads/main', commit: '1'.repeat(40) }],
    ],
    [
      'Azure DevOps',
      {
        eventType: 'git.push',
        resource: {
          refUpdates: [{ name: 'refs/heads/main', oldObjectId: '2'.repeat(40), newObjectId: '1'.repeat(40) }],
        },
      },
      [{ ref: 'refs/heads/main', commit: '1'.repeat(40), before: '2'.repeat(40) }],
    ],
    [
      'Bitbucket',
      {
        push: { changes: [{ new: { type: 'branch', name: 'main', target: { hash: '1'.repeat(40) } } }, { new: null }] },
      },
      [{ ref: 'refs/heads/main', commit: '1'.repeat(40) }],
    ],
    ['nobody', ['what'], []],
  ])('is read as %s tells of it', (_, body, refs) => {
    expect(refsPushed(body)).toEqual(refs);
  });
});
