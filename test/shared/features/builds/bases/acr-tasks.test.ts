import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import type { TestLongshore } from '../../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../../shared/app/compose-for-test.ts';
import { loseNoAnswers } from '../../../../chance.ts';
import type { Registry } from './building.ts';
import { build, host, registry } from './building.ts';
import type { Ci } from './ci.ts';
import { startCi } from './ci.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

const acr =
  '/subscriptions/4385cf00-2d3a-425a-832f-f4285b1c9dce/resourceGroups/builds/providers/Microsoft.ContainerRegistry/registries/theirs';
const git = 'https://git.example/app.git';
const base = `/${acr.slice(1)}`;

let azure: Ci;
beforeEach(async () => {
  azure = await startCi();
});
afterEach(() => {
  azure.stop();
});

/** As Azure answers, in the shape of its specification's examples. */
const run = (status: string, more: object = {}) => ({
  status: 200,
  body: JSON.stringify({
    id: `${acr}/runs/ca1`,
    name: 'ca1',
    type: 'Microsoft.ContainerRegistry/registries/run',
    properties: {
      provisioningState: 'Succeeded',
      runId: 'ca1',
      status,
      lastUpdatedTime: '2026-01-01T00:00:00Z',
      ...more,
    },
  }),
});

interface Building {
  readonly of: Registry;
  /** Another process of the same registry, whose identity Azure knows. */
  readonly process: (calls?: CallPlan) => TestLongshore;
  /** Runs what timers and queues do, and nothing else. */
  readonly settle: () => Promise<void>;
  readonly id: () => string;
}

async function building(
  settings: object = {},
  issueToken: () => Promise<string> = () => Promise.resolve('arm-token'),
): Promise<Building> {
  const of = registry();
  of.git.create(git);
  of.git.commit(git, 'main', { 'server/Dockerfile': `FROM ${host}/base:1` });
  const process = (calls = new CallPlan()) =>
    composeForTest({
      world: of.world,
      connection: { calls },
      settings: { publicUrl: new URL(`http://${host}`) },
      adapters: { git: of.git, management: { endpoint: new URL(azure.url), issueToken } },
    });
  expect(
    await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context: { git, folder: 'server' },
      arguments: { A: 'b' },
      runner: { acr: { registry: acr } },
      timeoutSeconds: 600,
      ...settings,
    }),
  ).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number });
  await of.api('POST', '/tasks/app/run');
  const settle = async () => {
    const one = process();
    for (const message of of.world.region('home').queues.drain('build-runs'))
      await one.messages['builds-work'](message);
    await one.timers['builds-sweep']();
  };
  return { of, process, settle, id: () => idIn(azure.asked[0]?.body ?? '') };
}

const idIn = (body: string) => /:run-([0-9a-f-]+)"/.exec(body)?.[1] ?? '';
const digestAt = async (of: Registry) =>
  (await of.app.fetch(new Request(`http://${host}/v2/app/manifests/1`, { method: 'HEAD' }))).headers.get(
    'docker-content-digest',
  ) ?? undefined;
const becauses = (of: Registry) =>
  of.events('Longshore.BuildFailed').map(({ data }) => (data as { because: string }).because);
const paths = () =>
  azure.asked.map(({ path }) => path.replace(base, '').replace('?api-version=2019-06-01-preview', ''));

/** As the run does: it pushes under its own tag. */
async function pushes({ of, id }: Building, content = 'made by azure'): Promise<string> {
  const image = build('app', content);
  await of.push(image, `run-${id()}`);
  return image.digest;
}

describe('a task that an Azure Container Registry builds', () => {
  it('is one run of the context at its commit, and its tag moves when that has succeeded', async () => {
    azure.answers = [run('Queued')];
    const it = await building();
    await it.settle();
    const [asked] = azure.asked;
    expect([asked?.path, asked?.headers.authorization]).toEqual([
      `${base}/scheduleRun?api-version=2019-06-01-preview`,
      'Bearer arm-token',
    ]);
    const { commit } = (await it.of.api('GET', '/tasks/app')).body;
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      type: 'DockerBuildRequest',
      imageNames: [`${host}/app:run-${it.id()}`],
      isPushEnabled: true,
      noCache: false,
      sourceLocation: `${git}#${String(commit)}:server`,
      dockerFilePath: 'Dockerfile',
      arguments: [{ name: 'A', value: 'b', isSecret: false }],
      platform: { os: 'Linux', architecture: 'amd64' },
      timeout: 600,
    });
    azure.answers = [run('Running')];
    it.of.clock.advance(20_000);
    await it.settle();
    expect(await digestAt(it.of)).toBeUndefined();
    const digest = await pushes(it);
    azure.answers = [
      run('Succeeded'),
      { status: 200, body: JSON.stringify({ logLink: `${azure.url}/log` }) },
      { status: 200 },
      { status: 200, body: 'Step 1/1 : FROM base\n' },
    ];
    it.of.clock.advance(20_000);
    await it.settle();
    expect(await digestAt(it.of)).toBe(digest);
    expect(paths()).toEqual(['/scheduleRun', '/runs/ca1', '/runs/ca1', '/runs/ca1/listLogSasUrl', '/log', '/log']);
    // A signed address opens by itself.
    expect(azure.asked.at(-1)?.headers.authorization).toBeUndefined();
    const { items: builds } = (await it.of.api('GET', '/builds')).body as { items: { id: string }[] };
    expect(
      await (
        await it.of.app.fetch(new Request(`http://${host}/api/v1/builds/${builds[0]?.id}/log?image=app:1`))
      ).text(),
    ).toBe('Step 1/1 : FROM base\n');
  });

  it.each([
    ['Failed', { runErrorMessage: 'exit code 2' }, 'its run ca1 ended as Failed: exit code 2'],
    ['Canceled', {}, 'its run ca1 ended as Canceled'],
    ['Timeout', {}, 'its run ca1 ended as Timeout'],
    ['Succeeded', {}, 'its run ca1 has succeeded, but pushed no image here'],
  ])('that ends as %s moves no tag, and says why', async (status, more, why) => {
    azure.answers = [run('Queued'), run(status, more), { status: 500 }];
    const it = await building();
    await it.settle();
    it.of.clock.advance(20_000);
    await it.settle();
    expect([becauses(it.of), await digestAt(it.of)]).toEqual([[why], undefined]);
  });

  it('has the end of a log that is too long to be read whole', async () => {
    azure.answers = [
      run('Queued'),
      run('Failed'),
      { status: 200, body: JSON.stringify({ logLink: `${azure.url}/log` }) },
      { status: 200, headers: { 'content-length': '1204800' } },
      { status: 206, body: 'exit code 2\n' },
    ];
    const it = await building();
    await it.settle();
    it.of.clock.advance(20_000);
    await it.settle();
    expect(azure.asked.at(-1)?.headers.range).toBe('bytes=1000000-');
    const { items: builds } = (await it.of.api('GET', '/builds')).body as { items: { id: string }[] };
    expect(
      await (
        await it.of.app.fetch(new Request(`http://${host}/api/v1/builds/${builds[0]?.id}/log?image=app:1`))
      ).text(),
    ).toBe('… (1000000 bytes are left out)\nexit code 2\n');
  });

  it('is asked again while Azure does not answer, and fails at its deadline with the run cancelled', async () => {
    azure.answers = [run('Queued'), { status: 503 }];
    const it = await building();
    await it.settle();
    for (let n = 0; n < 3; n += 1) {
      it.of.clock.advance(100_000);
      await it.settle();
    }
    expect(becauses(it.of)).toEqual([]);
    it.of.clock.advance(301_000);
    await it.settle();
    expect(becauses(it.of)).toEqual(['its runner has not reported an end within 600 s']);
    expect(paths().at(-1)).toBe('/runs/ca1/cancel');
  });

  it('that is cancelled has its run cancelled', async () => {
    azure.answers = [run('Queued')];
    const it = await building();
    await it.settle();
    const { items: builds } = (await it.of.api('GET', '/builds')).body as { items: { id: string }[] };
    await it
      .process()
      .app.fetch(new Request(`http://${host}/api/v1/builds/${builds[0]?.id}/cancel`, { method: 'POST' }));
    await it.settle();
    expect(paths()).toEqual(['/scheduleRun', '/runs/ca1/cancel']);
  });

  it.each([
    ['has no room', [{ status: 429, body: 'TooManyRequests' }, run('Queued')], [], 2],
    [
      'says that the identity may not',
      [{ status: 403, body: '{"error":{"code":"AuthorizationFailed"}}' }],
      ['Azure answered 403: {"error":{"code":"AuthorizationFailed"}}'],
      1,
    ],
  ])('of a registry that %s', async (_, answers, whys, asked) => {
    azure.answers = answers;
    const it = await building();
    await it.settle();
    it.of.clock.advance(31_000);
    await it.settle();
    expect([becauses(it.of), azure.asked.length]).toEqual([whys, asked]);
    expect(new Set(azure.asked.map(({ body }) => idIn(body))).size).toBe(1);
  });

  it('fails where the app has no identity, after some tries, and says so', async () => {
    const it = await building({}, () => Promise.reject(new Error('no managed identity was found')));
    for (let n = 0; n < 6; n += 1) {
      await it.settle();
      it.of.clock.advance(300_000);
    }
    expect([becauses(it.of), azure.asked]).toEqual([
      ["this app's identity gets no token from Azure: no managed identity was found"],
      [],
    ]);
  });

  it('is made whenever a process dies on the way, by an image that one of its runs has pushed', async () => {
    const whole = await building();
    azure.answers = [run('Queued')];
    const [message] = whole.of.world.region('home').queues.drain('build-runs');
    const calls = new CallPlan();
    await whole.process(calls).messages['builds-work'](message);
    for (let n = 1; n <= calls.total(); n += 1) {
      azure.asked.length = 0;
      const it = await building();
      await it
        .process(new CallPlan().crashAfter(n))
        .messages['builds-work'](it.of.world.region('home').queues.drain('build-runs')[0])
        .catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
      azure.answers = [run('Queued')];
      it.of.clock.advance(181_000);
      await it.settle();
      expect(
        new Set(azure.asked.filter(({ path }) => path.includes('scheduleRun')).map(({ body }) => idIn(body))).size,
        `crash after call ${n}`,
      ).toBe(1);
      const digest = await pushes(it);
      azure.answers = [run('Succeeded')];
      it.of.clock.advance(181_000);
      await it.settle();
      expect(await digestAt(it.of), `crash after call ${n}`).toBe(digest);
    }
  }, 60_000);

  it('is refused with what Azure cannot fetch, or would keep, and for several platforms', async () => {
    const of = registry();
    of.git.create(git);
    of.git.commit(git, 'main', { Dockerfile: 'FROM scratch' });
    const put = (settings: object) =>
      of.api('PUT', '/tasks/app', {
        image: 'app:1',
        context: { git },
        runner: { acr: { registry: acr } },
        ...settings,
      });
    expect(await put({ platforms: ['linux/amd64', 'linux/arm64'] })).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('one platform') as string }] },
    });
    expect(await put({ context: { git, credential: { secret: 'longshore-user-token' } } })).toMatchObject({
      status: 400,
    });
    expect(await put({ context: { repository: 'contexts', digest: `sha256:${'1'.repeat(64)}` } })).toMatchObject({
      status: 400,
    });
    for (const wrong of ['theirs', 'https://evil.example/registries/theirs', `${acr}/../other`])
      expect((await put({ runner: { acr: { registry: wrong } } })).status).toBe(400);
  });
});
