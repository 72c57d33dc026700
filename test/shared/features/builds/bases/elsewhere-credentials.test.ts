import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryGit } from '../../../../../shared/adapters/memory/git.ts';
import type { TaskSecrets } from '../../../../../shared/features/builds/inbound/task-secrets.ts';
import { loseNoAnswers } from '../../../../chance.ts';
import { ask } from '../../../image.ts';
import { adminPassword, basic, bearer, composeRequired, fetchToken, manage } from '../../identity/required.ts';
import type { Registry } from './building.ts';
import { upload } from './building.ts';
import type { Asked, Ci, Job } from './ci.ts';
import { claimed, startCi } from './ci.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
});

const secret = 'a secret of the runner and the registry';
/** The secrets of the task, as they were shown once. */
let secrets: TaskSecrets;
const asAdmin = basic('admin', adminPassword);

/** A registry that asks for credentials, and a job that it has given away. */
async function given(runner: object = { webhook: { url: `${ci.url}/build` } }, inGit?: string) {
  const git = new MemoryGit();
  const management = { endpoint: new URL(ci.url), issueToken: () => Promise.resolve('arm-token') };
  const one = composeRequired({
    settings: { publicUrl: new URL('http://registry.test') },
    adapters: { git, management },
  });
  one.world.secrets.put('longshore-user-github', 'ghp_secret', { 'longshore-hosts': new URL(ci.url).host });
  const asAnyone = {
    app: {
      fetch: (request: Request) =>
        one.app.fetch(new Request(request, { headers: { ...Object.fromEntries(request.headers), ...asAdmin } })),
    },
  };
  const context = {
    repository: 'contexts',
    digest: await upload(asAnyone as unknown as Registry, 'contexts', 'FROM registry.test/team/base:1'),
  };
  if (inGit !== undefined) {
    git.create(inGit);
    git.commit(inGit, 'main', { Dockerfile: 'FROM registry.test/team/base:1' });
  }
  await manage(one, 'PUT', '/tasks/app', {
    image: 'team/app:1',
    ...(inGit === undefined ? { context } : { context: { git: inGit }, pulls: ['team/base'] }),
    runner,
    timeoutSeconds: 3_600,
  });
  secrets = await manage<TaskSecrets>(one, 'PUT', '/tasks/app/hook', { secret });
  const { build } = await manage<{ build: string }>(one, 'POST', '/tasks/app/run');
  await one.messages['builds-work']({ build });
  const [asked] = ci.asked;
  if (asked === undefined) throw new Error('the runner was told of nothing');
  return { one, asked, context };
}

type One = Awaited<ReturnType<typeof given>>['one'];
const statusOf = async ({ app }: One, method: string, path: string, headers: Record<string, string>) =>
  (await ask(app, method, path, { headers })).status;
const jobIn = ({ body }: Asked) => JSON.parse(body) as Job;
const pathOf = (url: string) => new URL(url).pathname + new URL(url).search;

describe('the login of an external job', () => {
  it('reads its context and its bases, writes its repository, and opens nothing else', async () => {
    const { one, asked, context } = await given();
    const { user, password } = jobIn(asked).login ?? expect.fail('it got none');
    const scopes = ['team/app', 'team/base', 'contexts', 'team/other'].map(
      (name) => `repository:${name}:pull,push,delete`,
    );
    const { access_token: token } = await fetchToken(one, basic(user, password), scopes);
    const { access } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      access: { name: string; actions: string[] }[];
    };
    expect(access.map(({ name, actions }) => [name, ...actions])).toEqual([
      ['team/app', 'pull', 'push'],
      ['team/base', 'pull'],
      ['contexts', 'pull'],
    ]);
    expect(await statusOf(one, 'GET', `/v2/contexts/blobs/${context.digest}`, bearer(password))).toBe(307);
    expect(await statusOf(one, 'POST', '/v2/contexts/blobs/uploads/', bearer(password))).toBe(401);
    expect(await statusOf(one, 'POST', '/v2/team/app/blobs/uploads/', bearer(password))).toBe(202);
    expect(await statusOf(one, 'GET', '/v2/team/other/tags/list', bearer(password))).toBe(401);
    expect(await statusOf(one, 'GET', '/api/v1/tasks', bearer(password))).toBe(401);
  });

  it("is over at the job's deadline", async () => {
    const { one, asked } = await given();
    one.clock.pass(3_601_000);
    expect(await statusOf(one, 'GET', '/v2/team/app/tags/list', bearer(jobIn(asked).login?.password ?? ''))).toBe(401);
  });

  it('lies in no document, and neither does the token of the callback', async () => {
    const { one, asked } = await given();
    const { build, id, login, callback } = jobIn(asked);
    const { documents } = await one.memory.documents.queryDocuments({
      container: 'builds',
      partition: [`build:${build}`],
      where: [],
      limit: 100,
    });
    expect(JSON.stringify(documents)).toContain(id);
    for (const each of [login?.password ?? '', callback.token]) expect(JSON.stringify(documents)).not.toContain(each);
  });
});

describe('a workflow of GitHub', () => {
  const github = () => ({
    github: { repository: 'team/app', workflow: 'build.yml', token: 'longshore-user-github', api: ci.url },
  });

  it('gets no secret in its inputs, and the rest for the secret of its task', async () => {
    const { one, asked } = await given(github());
    const told = JSON.parse((JSON.parse(asked.body) as { inputs: { job: string } }).inputs.job) as Job & {
      needsLogin: boolean;
    };
    expect(told).toMatchObject({
      type: 'build',
      image: 'team/app:1',
      needsLogin: true,
      callback: { url: expect.any(String) as string },
    });
    expect([told.login, told.callback.token]).toEqual([undefined, undefined]);
    const answer = await ask(one.app, 'POST', pathOf(told.claim), {
      headers: claimed(secrets.claimSecret, told.claim, one.clock.now()),
    });
    const job = (await answer.json()) as Job;
    expect(job).toMatchObject({ id: told.id, build: told.build });
    expect(await statusOf(one, 'POST', '/v2/team/app/blobs/uploads/', bearer(job.login?.password ?? ''))).toBe(202);
    expect(
      await statusOf(one, 'POST', pathOf(job.callback.url), {
        'x-longshore-token': job.callback.token,
        'content-type': 'application/json',
      }),
    ).toBe(400);
    for (const each of [job.login?.password ?? '', job.callback.token, ...Object.values<string>({ ...secrets })])
      expect(asked.body).not.toContain(each);
  });

  it("is given nothing for another secret, the callback's token or none", async () => {
    const { one, asked } = await given();
    const { claim, callback, login } = jobIn(asked);
    const all = [
      {},
      { 'x-longshore-token': secret },
      { 'x-longshore-token': secrets.claimSecret },
      { 'x-longshore-token': callback.token },
      bearer(login?.password ?? ''),
    ] as Record<string, string>[];
    expect(await Promise.all(all.map((headers) => statusOf(one, 'POST', pathOf(claim), headers)))).toEqual([
      401, 401, 401, 401, 401,
    ]);
    expect(await statusOf(one, 'GET', pathOf(claim), claimed(secrets.claimSecret, claim, one.clock.now()))).toBe(401);
  });

  it('is given nothing once its image has ended', async () => {
    const { one, asked } = await given();
    const { build, claim } = jobIn(asked);
    await manage(one, 'POST', `/builds/${build}/cancel`);
    await one.messages['builds-work']({ build });
    expect(await statusOf(one, 'POST', pathOf(claim), claimed(secrets.claimSecret, claim, one.clock.now()))).toBe(409);
  });
});

describe('an Azure Container Registry that builds', () => {
  it('is given the login as a credential of this registry, and the token of the app goes to Azure alone', async () => {
    const registry =
      '/subscriptions/4385cf00-2d3a-425a-832f-f4285b1c9dce/resourceGroups/builds/providers/Microsoft.ContainerRegistry/registries/theirs';
    const { one, asked } = await given({ acr: { registry } }, 'https://git.example/app.git');
    const { credentials } = JSON.parse(asked.body) as {
      credentials: {
        customRegistries: Record<
          string,
          { userName: { type: string; value: string }; password: { type: string; value: string } }
        >;
      };
    };
    const login = credentials.customRegistries['registry.test'];
    expect([login?.userName.type, login?.password.type, asked.headers.authorization]).toEqual([
      'Opaque',
      'Opaque',
      'Bearer arm-token',
    ]);
    expect(await statusOf(one, 'POST', '/v2/team/app/blobs/uploads/', bearer(login?.password.value ?? ''))).toBe(202);
    expect(await statusOf(one, 'POST', '/v2/team/base/blobs/uploads/', bearer(login?.password.value ?? ''))).toBe(401);
    const { documents } = await one.memory.documents.queryDocuments({ container: 'builds', where: [], limit: 100 });
    for (const each of [login?.password.value ?? '', 'arm-token'])
      expect(JSON.stringify(documents)).not.toContain(each);
  });
});
