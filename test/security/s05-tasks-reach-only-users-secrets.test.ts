import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { MemoryGit } from '../../shared/adapters/memory/git.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { parseConfig } from '../../shared/app/config/config.ts';
import type { Git, GitRepository } from '../../shared/core/ports/git.ts';
import type { Runner } from '../../shared/core/ports/runner.ts';
import { loseNoAnswers } from '../chance.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, scriptedRunner, upload } from '../shared/features/builds/bases/building.ts';
import type { Ci } from '../shared/features/builds/bases/ci.ts';
import { startCi } from '../shared/features/builds/bases/ci.ts';
import { ask, pushBlob } from '../shared/image.ts';

// A process that loses the answer of a claim leaves the image to a later sweep, and these tests run none.
loseNoAnswers();

const stolen = Buffer.alloc(32, 'the key that seals everything').toString('base64');
const own = 'https://git.attacker.example/x.git';
const servers: Server[] = [];
let ci: Ci;
beforeEach(async () => {
  ci = await startCi();
});
afterEach(() => {
  ci.stop();
  for (const server of servers.splice(0)) server.close();
});

/**
 * A registry with a vault, and all that leaves it: what git hosts and builders are given, and which secrets the builds
 * had read.
 */
async function attacked() {
  const world = createMemoryWorld();
  const [memoryGit, shown, built, read] = [
    new MemoryGit(),
    [] as GitRepository[],
    [] as Readonly<Record<string, string>>[],
    [] as string[],
  ];
  const git: Git = {
    resolveRef: (repository, ref) => (shown.push(repository), memoryGit.resolveRef(repository, ref)),
    archiveOf: (repository, commit, folder) => (
      shown.push(repository),
      memoryGit.archiveOf(repository, commit, folder)
    ),
  };
  const scripted = scriptedRunner();
  const runner: Runner = {
    ...scripted,
    build: (job, log, signal) => (built.push(job.secrets), scripted.build(job, log, signal)),
  };
  const { secrets: vault } = connectMemory(world);
  const secrets = {
    ...vault,
    readSecret: (name: string, version?: string) => (read.push(name), vault.readSecret(name, version)),
  };
  for (const name of [
    'longshore-sealing-key',
    'longshore-upload-key',
    'longshore-admin-password-hash',
    'payroll-database',
  ])
    world.secrets.put(name, stolen);
  const one = composeForTest({
    world,
    adapters: { git, runner, secrets },
    settings: { sealing: { secret: 'longshore-sealing-key' }, publicUrl: new URL('http://registry.test') },
  });
  memoryGit.create(own);
  memoryGit.commit(own, 'main', { Dockerfile: 'FROM scratch' });
  const api = async (method: string, path: string, body?: object) => {
    const answer = await ask(
      one.app,
      method,
      `/api/v1${path}`,
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    return { status: answer.status, text: await answer.text() };
  };
  const context = {
    repository: 'contexts',
    digest: await upload(one as unknown as Registry, 'contexts', 'FROM scratch'),
  };
  /** Builds the task, and gives all that was printed and published of it. */
  const run = async (task = 'app') => {
    const { build: id } = JSON.parse((await api('POST', `/tasks/${task}/run`)).text) as { build: string };
    await one.messages['builds-work']({ build: id });
    return JSON.stringify((await api('GET', `/builds/${id}`)).text);
  };
  const left = () => JSON.stringify([shown.map(({ credential }) => credential), built, ci.asked]);
  return { one, world, api, run, context, memoryGit, shown, built, read, left };
}

const products = [
  'longshore-sealing-key',
  'LONGSHORE-SEALING-KEY',
  'longshore-upload-key',
  'longshore-admin-password-hash',
  'payroll-database',
  'longshore-user',
  'Longshore-User-x',
  'xlongshore-user-',
];
const github = (token: string, api = ci.url) => ({
  github: { repository: 'attacker/x', workflow: 'build.yml', token, api },
});

describe("a secret of the vault that is not the users'", () => {
  it.each(products)(
    'is neither read nor sent anywhere for a user who may write to the management API: %s',
    async (secret) => {
      const { api, context, left, read } = await attacked();
      const task = { image: 'app:1', context };
      const answers = [
        await api('PUT', '/tasks/app', { ...task, context: { git: own, credential: { secret } } }),
        await api('PUT', '/tasks/app', { ...task, secrets: [{ id: 'x', secret }] }),
        await api('PUT', '/tasks/app', { ...task, runner: github(secret) }),
        await api('PUT', '/bases/upstreams/registry.attacker.example', { username: 'x', secret }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
      for (const { text } of answers) expect(text).toContain('longshore-user-');
      expect([left(), read.filter((name) => name === secret)]).toEqual(['[[],[],[]]', []]);
    },
  );

  it('is not read for tasks and logins that were stored before the names were checked either', async () => {
    const { one, api, run, context, left } = await attacked();
    const base = `127.0.0.1:${new URL(ci.url).port}/library/base`;
    expect((await api('PUT', '/tasks/app', { image: 'app:1', context })).status).toBeOneOf([200, 201]);
    const plant = async (settings: object) => {
      const found = await one.memory.documents.readDocument({
        container: 'registries',
        partition: ['default'],
        id: 'task:app',
      });
      await one.memory.documents.commitDocuments(
        'registries',
        ['default'],
        [
          {
            do: 'upsert',
            document: {
              ...found?.document,
              id: 'task:app',
              settings: { ...(found?.document.settings as object), ...settings },
            },
          },
        ],
      );
    };
    await plant({
      context: { git: own, ref: 'main', folder: '', credential: { username: 'git', secret: 'longshore-sealing-key' } },
    });
    expect(await run()).toContain('longshore-user-');
    await plant({ context, secrets: [{ id: 'x', secret: 'longshore-sealing-key' }] });
    expect(await run()).toContain('longshore-user-');
    await plant({ secrets: [], runner: github('longshore-sealing-key') });
    expect(await run()).toContain('longshore-user-');
    await one.memory.documents.commitDocuments(
      'registries',
      ['default'],
      [
        {
          do: 'upsert',
          document: {
            id: `upstream-login:${base.split('/')[0] ?? ''}`,
            type: 'upstream-login',
            schemaVersion: 1,
            registry: 'default',
            host: base.split('/')[0],
            username: 'x',
            secret: 'longshore-sealing-key',
            updatedAt: '2026-01-01T00:00:00.000Z',
          },
        },
      ],
    );
    const image = build('on-theirs', 'x', { says: `${base}:1` });
    for (const blob of image.blobs) await pushBlob(one.app, 'on-theirs', blob);
    await ask(one.app, 'PUT', '/v2/on-theirs/manifests/1', {
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: Buffer.from(image.bytes).toString(),
    });
    for (const event of one.world.region('home').events.log) await one.events['builds-learn'](event);
    await one.timers['builds-sweep']();
    expect(left()).not.toContain(stolen);
  });

  it("cannot be made one of the users' by calling the sealing secret so", () => {
    expect(() => parseConfig({ LONGSHORE_SEALING_SECRET: 'longshore-user-seal' })).toThrow(
      /LONGSHORE_SEALING_SECRET must not begin with longshore-user-/,
    );
    expect(() => parseConfig({ LONGSHORE_SEALING_SECRET: 'Longshore-USER-seal' })).toThrow(
      /LONGSHORE_SEALING_SECRET must not begin/,
    );
  });
});

describe('a secret of users', () => {
  const secret = 'longshore-user-git';
  const inGit = (git: string) => ({ image: 'app:1', context: { git, credential: { secret } } });
  const theirs = 'https://git.example/team/app.git';

  async function withRepositories() {
    const all = await attacked();
    for (const url of [
      theirs,
      'https://git.example:8443/team/app.git',
      'https://git.example.attacker.example/x.git',
      'https://agit.example/x.git',
      'https://sub.git.example/x.git',
    ]) {
      all.memoryGit.create(url);
      all.memoryGit.commit(url, 'main', { Dockerfile: 'FROM scratch' });
    }
    return all;
  }

  it('is sent to the hosts that its tag in the vault lists, and to no other that a task names', async () => {
    const { world, api, shown } = await withRepositories();
    world.secrets.put(secret, 'a token', { 'longshore-hosts': 'ghcr.io, git.example' });
    for (const git of [
      own,
      'https://git.example:8443/team/app.git',
      'https://git.example.attacker.example/x.git',
      'https://agit.example/x.git',
      'https://sub.git.example/x.git',
      'https://git.example@git.attacker.example/x.git',
      'http://git.example/team/app.git',
    ]) {
      expect((await api('PUT', '/tasks/app', inGit(git))).status, git).toBe(400);
    }
    expect(shown).toEqual([]);
    expect((await api('PUT', '/tasks/app', inGit(theirs))).status).toBeOneOf([200, 201]);
    expect(shown.map(({ url, credential }) => [url, credential?.password])).toEqual([
      [theirs, 'a token'],
      [theirs, 'a token'],
    ]);
  });

  it.each([
    ['no tag', {}],
    ['an empty one', { 'longshore-hosts': '' }],
    ['one with a star, which stands for nothing', { 'longshore-hosts': '*' }],
    ['another tag', { hosts: 'git.example', 'longshore-builds': '*' }],
  ])('with %s is sent nowhere', async (_, tags) => {
    const { world, api, shown } = await withRepositories();
    world.secrets.put(secret, 'a token', tags);
    const { status, text } = await api('PUT', '/tasks/app', inGit(theirs));
    expect([status, shown]).toEqual([400, []]);
    expect(text).toContain('longshore-hosts');
    expect(text).not.toContain('a token');
  });

  it('goes by the tag of its newest version', async () => {
    const { world, api, shown } = await withRepositories();
    world.secrets.put(secret, 'a token', { 'longshore-hosts': 'git.example' });
    world.secrets.put(secret, 'the next token');
    expect([(await api('PUT', '/tasks/app', inGit(theirs))).status, shown]).toEqual([400, []]);
  });

  it('that starts workflows goes to the host of the API that its tag lists, by https', async () => {
    const { world, api, run, context } = await attacked();
    world.secrets.put(secret, 'ghp_secret', { 'longshore-hosts': 'api.github.com,ghe.example' });
    for (const url of [ci.url, 'http://ghe.example/api/v3']) {
      expect(
        (await api('PUT', '/tasks/app', { image: 'app:1', context, runner: github(secret, url) })).status,
      ).toBeOneOf([200, 201]);
      expect(await run()).toMatch(/longshore-hosts|sent by https alone/);
    }
    expect(ci.asked).toEqual([]);
    world.secrets.put(secret, 'ghp_secret', { 'longshore-hosts': new URL(ci.url).host });
    await api('PUT', '/tasks/app', { image: 'app:1', context, runner: github(secret) });
    await run();
    expect(ci.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer ghp_secret']);
  });

  it('gets into the builds of the tasks that its tag lists, and into no other', async () => {
    const { world, api, run, context, built } = await attacked();
    world.secrets.put(secret, 'a token', { 'longshore-hosts': 'git.example', 'longshore-builds': 'app' });
    for (const name of ['app', 'other'])
      expect(
        (await api('PUT', `/tasks/${name}`, { image: `${name}:1`, context, secrets: [{ id: 'npm', secret }] })).status,
      ).toBeOneOf([200, 201]);
    expect(await run('other')).toContain('is not for builds of the task');
    expect(built).toEqual([]);
    await run('app');
    expect(built).toEqual([{ npm: 'a token' }]);
    world.secrets.put(secret, 'a token', { 'longshore-builds': '*' });
    await run('other');
    expect(built).toHaveLength(2);
  });

  it('of a login is shown to no registry and no realm that its tag does not list', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { one, world, api } = await attacked();
    const image = build('on-theirs', 'x', { says: `${host}/library/base:1` });
    for (const blob of image.blobs) await pushBlob(one.app, 'on-theirs', blob);
    await ask(one.app, 'PUT', '/v2/on-theirs/manifests/1', {
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: Buffer.from(image.bytes).toString(),
    });
    for (const event of one.world.region('home').events.log) await one.events['builds-learn'](event);
    const look = async (tags: Record<string, string>, login: object) => {
      world.secrets.put(secret, 'a password', tags);
      await api('PUT', `/bases/upstreams/${host}`, { username: 'robot', secret, ...login });
      await one.memory.documents.commitDocuments(
        'dependencies',
        [`${host}/library/base`],
        [{ do: 'patch', id: 'watched:1', set: { dueAt: '2026-01-01T00:00:00.000Z' } }],
      );
      await one.timers['builds-sweep']();
      return (
        await one.memory.documents.readDocument({
          container: 'dependencies',
          partition: [`${host}/library/base`],
          id: 'watched:1',
        })
      )?.document.error;
    };
    expect(await look({ 'longshore-hosts': 'registry.example' }, {})).toContain(`is not for ${host}`);
    expect(await look({ 'longshore-hosts': host }, { realm: 'token.attacker.example' })).toContain(
      'is not for token.attacker.example',
    );
    expect(asked).toEqual([]);
    await look({ 'longshore-hosts': host }, {});
    expect(asked).toContain(`Basic ${Buffer.from('robot:a password').toString('base64')}`);
  });
});
