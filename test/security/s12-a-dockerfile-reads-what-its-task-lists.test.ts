import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authFileFor } from '../../shared/adapters/buildah/auth-file.ts';
import { MemoryGit } from '../../shared/adapters/memory/git.ts';
import type { BuildJob, Runner } from '../../shared/core/ports/runner.ts';
import { loseNoAnswers } from '../chance.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { upload } from '../shared/features/builds/bases/building.ts';
import type { Ci, Job } from '../shared/features/builds/bases/ci.ts';
import { startCi } from '../shared/features/builds/bases/ci.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { asAdmin, basic, bearer, composeRequired, fetchToken, manage } from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

const url = 'https://git.example/app.git';
const dockerfile = (...needs: string[]) =>
  [
    ...needs.map((name, n) => `FROM registry.test/${name}:1 AS s${n}`),
    'FROM scratch',
    ...needs.map((_, n) => `COPY --from=s${n} / /`),
  ].join('\n');

let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
});

interface Built_ {
  readonly one: Required;
  readonly git: MemoryGit;
  /** The jobs that the runner of this machine was given. */
  readonly jobs: BuildJob[];
  put(settings: object): Promise<{ status: number; body: { bases?: string[]; errors?: { message: string }[] } }>;
  /** Builds, and gives what became of it. */
  run(): Promise<{ state: string; because?: string }>;
}

/** A registry that asks for credentials, and a repository of somebody whose Dockerfile needs `needs`. */
function building(...needs: string[]): Built_ {
  const git = new MemoryGit();
  const jobs: BuildJob[] = [];
  const runner: Runner = {
    name: 'watched',
    build: (job) => {
      jobs.push(job);
      return Promise.resolve({ is: 'failed', why: 'that is all' });
    },
    pull: () => Promise.reject(new Error('nothing is pulled')),
  };
  const one = composeRequired({ settings: { publicUrl: new URL('http://registry.test') }, adapters: { git, runner } });
  git.create(url);
  git.commit(url, 'main', { Dockerfile: dockerfile(...needs) });
  return {
    one,
    git,
    jobs,
    async put(settings) {
      const answer = await ask(one.app, 'PUT', '/api/v1/tasks/app', {
        headers: { ...asAdmin, 'content-type': 'application/json' },
        body: JSON.stringify({ image: 'team/app:1', context: { git: url }, ...settings }),
      });
      return { status: answer.status, body: (await answer.json()) as never };
    },
    async run() {
      const { build } = await manage<{ build: string }>(one, 'POST', '/tasks/app/run');
      await one.messages['builds-work']({ build });
      const { items: nodes } = await manage<{ items: [{ state: string; because?: string }] }>(
        one,
        'GET',
        `/builds/${build}`,
      );
      return nodes[0];
    },
  };
}

/** Returns the scopes that a login is granted, of those that it asks for. */
async function opens(
  one: Required,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<unknown[]> {
  const scopes = ['team/app', 'team/base', 'secret/base', 'team/other', 'contexts'].map(
    (name) => `repository:${name}:*`,
  );
  const { access_token: token } = await fetchToken(one, basic(user, password), [...scopes, 'registry:catalog:*']);
  const { access } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    access: { name: string; actions: string[] }[];
  };
  return access.map(({ name, actions }) => [name, ...actions]);
}

describe('a task whose Dockerfile somebody else writes', () => {
  it('is not made while the Dockerfile needs what the task does not list, and says what to list', async () => {
    const of = building('secret/base');
    const { status, body } = await of.put({});
    expect([status, body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringContaining('add to the task "pulls": ["secret/base"]'),
    ]);
    expect((await of.put({ pulls: ['secret/base'] })).status).toBe(201);
  });

  it('builds nothing once its Dockerfile has come to need more', async () => {
    const of = building('team/base');
    expect((await of.put({ pulls: ['team/*'] })).status).toBe(201);
    expect((await of.run()).because).toBe('that is all');
    of.git.commit(url, 'main', { Dockerfile: dockerfile('team/base', 'secret/base') });
    expect((await of.run()).because).toContain('its Dockerfile needs secret/base, which the task does not list');
    expect(of.jobs).toHaveLength(1);
  });

  it('needs to list nothing of its own, nothing that versions name, and nothing that everyone may pull', async () => {
    const of = building('team/app', 'open/base', 'team/numbered');
    await manage(of.one, 'PUT', '/anonymous', { repositories: ['open/*'] });
    expect(
      (
        await of.put({
          image: 'team/app:2',
          arguments: { V: '1.0.0' },
          versions: [{ argument: 'V', of: 'team/numbered', range: '^1' }],
        })
      ).status,
    ).toBe(201);
  });

  it("may list with the registry's own host, as the Dockerfile does", async () => {
    const of = building('team/base');
    expect((await of.put({ pulls: ['registry.test/team/base'] })).status).toBe(201);
    expect((await of.put({ pulls: ['registry.example/team/base'] })).status).toBe(400);
    for (const wrong of ['', '/', 'UPPER', 'a//b', 'ghcr.io/'])
      expect((await of.put({ pulls: [wrong] })).status).toBe(400);
  });

  it("needs to list nothing where its author has fixed the Dockerfile: by an archive's digest, or a commit", async () => {
    const of = building('secret/base');
    const asAnyone = {
      app: {
        fetch: (request: Request) =>
          of.one.app.fetch(new Request(request, { headers: { ...Object.fromEntries(request.headers), ...asAdmin } })),
      },
    };
    const context = {
      repository: 'contexts',
      digest: await upload(asAnyone as unknown as Registry, 'contexts', dockerfile('secret/base')),
    };
    expect((await of.put({ context })).status).toBe(201);
    expect(
      (
        await of.put({
          context: { git: url, ref: of.git.commit(url, 'main', { Dockerfile: dockerfile('secret/base') }) },
        })
      ).status,
    ).toBe(200);
  });
});

describe('the login of a job on this machine', () => {
  it('pulls what its Dockerfile needs and its task lists, and opens nothing else', async () => {
    const of = building('team/base');
    await of.put({ pulls: ['team/**', 'secret/listed'] });
    await of.run();
    const login = of.jobs[0]?.access?.logins.find(({ host }) => host === 'registry.test') ?? expect.fail('it got none');
    expect(await opens(of.one, login)).toEqual([
      ['team/app', 'pull'],
      ['team/base', 'pull'],
    ]);
    expect(
      (await ask(of.one.app, 'GET', '/v2/secret/base/tags/list', { headers: bearer(login.password) })).status,
    ).toBe(401);
    expect(
      (await ask(of.one.app, 'POST', '/v2/team/app/blobs/uploads/', { headers: bearer(login.password) })).status,
    ).toBe(401);
    expect((await ask(of.one.app, 'GET', '/api/v1/tasks', { headers: bearer(login.password) })).status).toBe(401);
    of.one.clock.pass(3_600_000);
    expect((await ask(of.one.app, 'GET', '/v2/team/base/tags/list', { headers: bearer(login.password) })).status).toBe(
      401,
    );
  });

  it('has no registry of this machine asked without TLS but this one and what the task lists', async () => {
    const of = building('team/base');
    of.git.commit(url, 'main', { Dockerfile: 'FROM 127.0.0.1:5001/x:1\nCOPY --from=127.0.0.1:5002/y:1 / /' });
    await of.put({ pulls: ['127.0.0.1:5002/**'] });
    await of.run();
    expect(of.jobs[0]?.plainHosts).toEqual(['127.0.0.1:5002']);
    expect(of.jobs[0]?.access?.abroad).toEqual(['127.0.0.1:5002']);
  });
});

describe('the login of a job elsewhere', () => {
  it('is narrowed too, also when the Dockerfile has moved on since the task was made', async () => {
    const of = building('team/base');
    await of.put({ pulls: ['team/*'], runner: { webhook: { url: `${ci.url}/build` } } });
    await manage(of.one, 'PUT', '/tasks/app/hook', { secret: 'a secret of the runner and us' });
    await of.run();
    const { login } = JSON.parse(ci.asked[0]?.body ?? '') as Job;
    expect(await opens(of.one, login ?? expect.fail('it got none'))).toEqual([
      ['team/app', 'pull', 'push'],
      ['team/base', 'pull'],
    ]);
  });

  it('is given to nobody for a Dockerfile that needs what the task does not list', async () => {
    const of = building('team/base');
    await of.put({ pulls: ['team/*'], runner: { webhook: { url: `${ci.url}/build` } } });
    await manage(of.one, 'PUT', '/tasks/app/hook', { secret: 'a secret of the runner and us' });
    of.git.commit(url, 'main', { Dockerfile: dockerfile('secret/base') });
    expect((await of.run()).because).toContain('secret/base');
    expect(ci.asked).toEqual([]);
  });
});

describe('the file of logins that a builder gets', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'logins-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const own = {
    'registry.test': auth('operator:everything'),
    'ghcr.io': auth('operator:of-ghcr'),
    'ghcr.io/team/special': auth('operator:special'),
    'https://index.docker.io/v1/': auth('operator:of-hub'),
    'quay.io': auth('operator:of-quay'),
  };
  const logins = [{ host: 'registry.test', user: 'job', password: 'token' }];
  const fileOf = async (abroad: readonly string[]) => {
    const file = join(folder, 'auth.json');
    await writeFile(file, JSON.stringify({ auths: own }));
    return JSON.parse(await authFileFor({ logins, abroad }, { REGISTRY_AUTH_FILE: file })) as { auths: object };
  };

  it("holds the job's own login, and none of the operator's", async () => {
    expect(await fileOf([])).toEqual({ auths: { 'registry.test': auth('job:token') } });
  });

  it("holds of the operator's what the task lists, each for that part of its registry alone", async () => {
    expect(await fileOf(['ghcr.io/team', 'ghcr.io/team/special', 'docker.io/team/private', 'unknown.example'])).toEqual(
      {
        auths: {
          'ghcr.io/team': own['ghcr.io'],
          'ghcr.io/team/special': own['ghcr.io/team/special'],
          'docker.io/team/private': own['https://index.docker.io/v1/'],
          'registry.test': auth('job:token'),
        },
      },
    );
  });

  it("never has the operator's login at this registry in the place of the job's", async () => {
    expect(await fileOf(['registry.test'])).toEqual({ auths: { 'registry.test': auth('job:token') } });
  });

  it('is none of a folder where nobody has logged in, and says so of a file that cannot be read', async () => {
    expect(
      JSON.parse(await authFileFor({ logins: [], abroad: ['ghcr.io'] }, { HOME: folder, XDG_RUNTIME_DIR: folder })),
    ).toEqual({ auths: {} });
    await writeFile(join(folder, 'broken.json'), 'no JSON');
    await expect(
      authFileFor({ logins: [], abroad: ['ghcr.io'] }, { REGISTRY_AUTH_FILE: join(folder, 'broken.json') }),
    ).rejects.toThrow('has no logins that can be read');
  });
});
