import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { adminPassword, composeRequired } from '../shared/features/identity/required.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const now = () => longshore.clock.now();
const url = 'http://registry.test';
const notFound = 'credentials not found in native keychain\n';
let user: User;

beforeEach(async () => {
  user = await userOf(longshore.app, {});
});
afterEach(() => user.remove());

const file = () => join(user.home, '.config/longshore/logins.json');
const dockerFile = async (config: object) => {
  await mkdir(join(user.home, '.docker'), { recursive: true });
  await writeFile(join(user.home, '.docker/config.json'), JSON.stringify(config));
};
const logIn = (input = `${adminPassword}\n`, more: readonly string[] = []) =>
  user.run(['login', url, '-u', 'admin', '--password-stdin', ...more], { input, now });

describe('longshore login', () => {
  it('keeps a token and not the password, in a file that only the user may read', async () => {
    const ran = await logIn();
    expect([ran.err, ran.code]).toEqual(['', 0]);
    expect(ran.out).toMatch(
      /^You are logged in to registry\.test as admin until 2026-.* only you may read: it is not encrypted\.\n$/,
    );
    const kept = await readFile(file(), 'utf8');
    expect(kept).toContain('<token>');
    expect(kept + ran.out).not.toContain(adminPassword);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(user.home, '.config/longshore'))).mode & 0o777).toBe(0o700);
    expect((await user.run(['tokens', 'ls', '-o', 'json'], { now })).code).toBe(0);
    expect((await user.run(['tokens', 'ls', '-r', 'registry', '-o', 'json'], { now })).code).toBe(0);
  });

  it('asks a person, and shows nothing of the secret', async () => {
    const ran = await user.run(['login', url], { answers: ['admin', adminPassword], now });
    expect([ran.code, ran.asked]).toEqual([0, ['User at registry.test: ', 'Password: ']]);
    expect(ran.out + ran.err).not.toContain(adminPassword);
  });

  it('refuses a wrong password with 3, and keeps nothing', async () => {
    const ran = await logIn('not the one');
    expect([ran.code, ran.out, ran.err]).toEqual([
      3,
      '',
      expect.stringContaining('does not know this user and password'),
    ]);
    expect(ran.err).not.toContain('not the one');
    await expect(stat(file())).rejects.toThrow(/ENOENT/);
  });

  it('asks nobody where nobody can be asked, and says how to pipe the password', async () => {
    expect(await user.run(['login', url, '-u', 'admin'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--password-stdin') as string,
    });
    expect(await user.run(['login', url, '--password-stdin'])).toMatchObject({ code: 2 });
    expect(await user.run(['login'])).toMatchObject({ code: 2 });
    expect(await logIn('\n')).toMatchObject({ code: 2, err: expect.stringContaining('empty') as string });
  });

  it('has no flag for a password: everybody on the machine may read arguments', async () => {
    expect((await user.run(['login', url, '-u', 'a', '-p', 'b'])).code).toBe(2);
    expect((await user.run(['login', url, '--password', 'b'])).code).toBe(2);
  });

  it('ends: an old login says when it ended and what to do', async () => {
    await logIn();
    const later = () => new Date(now().getTime() + 91 * 86_400_000);
    const ran = await user.run(['tokens', 'ls'], { now: later });
    expect([ran.code, ran.requests.length]).toEqual([3, 0]);
    expect(ran.err).toMatch(/ended on 2026-.*: run longshore login registry\.test/);
  });

  it('ends by logout, for the command and for docker', async () => {
    await logIn();
    expect((await user.help(['get'], 'registry.test', { now })).code).toBe(0);
    expect((await user.run(['logout'], { now })).out).toBe('You are logged out of registry.test.\n');
    expect(await user.help(['get'], 'registry.test')).toMatchObject({ code: 1, out: notFound });
    expect((await user.run(['tokens', 'ls'])).code).toBe(2);
    expect((await user.run(['logout', url])).out).toContain('There was no login');
  });

  it('needs no credentials at an open registry, which becomes the registry of the command', async () => {
    const { app } = composeForTest();
    const fetch = async (request: Request) => app.fetch(request);
    const ran = await user.run(['login', url], { fetch });
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('is open')]);
    expect((await user.run(['tokens', 'ls', '-o', 'json'], { fetch })).out).toBe('[]\n');
  });

  it("keeps the login with the helper that docker's configuration names", async () => {
    await dockerFile({ credsStore: 'pass' });
    const kept = new Map<string, string>();
    const helper = async (program: string, action: string, input: string) => {
      if (action === 'store') kept.set((JSON.parse(input) as { ServerURL: string }).ServerURL, input);
      if (action === 'erase') kept.delete(input);
      const found = kept.get(input);
      if (action === 'get')
        return Promise.resolve(found === undefined ? { code: 1, printed: notFound } : { code: 0, printed: found });
      return Promise.resolve({ code: program === 'docker-credential-pass' ? 0 : 127, printed: '' });
    };
    const ran = await user.run(['login', url, '-u', 'admin', '--password-stdin'], {
      input: adminPassword,
      now,
      helper,
    });
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('by docker-credential-pass')]);
    expect(await readFile(file(), 'utf8')).not.toContain('<token>');
    expect([...kept.keys()]).toEqual(['registry.test']);
    expect((await user.run(['tokens', 'ls', '-o', 'json'], { now, helper })).code).toBe(0);
    await user.run(['logout', url], { now, helper });
    expect(kept.size).toBe(0);
  });
});

describe('credentials of docker', () => {
  const auth = Buffer.from(`admin:${adminPassword}`).toString('base64');
  const list = (options = {}) => user.run(['tokens', 'ls', '-o', 'json', '-r', url], { now, ...options });

  it.each([
    ['the host', { auths: { 'registry.test': { auth } } }, 0],
    ['a URL', { auths: { 'https://registry.test/v2/': { auth } } }, 0],
    ['another host alone', { auths: { 'registry.test.evil': { auth } } }, 3],
    ['a part of the registry alone', { auths: { 'registry.test/team/app': { auth } } }, 3],
    ['nothing', {}, 3],
  ])('are taken from its file by %s', async (_, config, code) => {
    await dockerFile(config);
    expect((await list()).code).toBe(code);
  });

  it('are said to be wrong where the file is no JSON, or the helper no program', async () => {
    await mkdir(join(user.home, '.docker'));
    await writeFile(join(user.home, '.docker/config.json'), '{');
    expect(await list()).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not the JSON that docker writes') as string,
    });
    await dockerFile({ credsStore: '../../evil' });
    const ran: string[] = [];
    const helper = async (program: string) => Promise.resolve({ code: 0, printed: ran.push(program) ? '' : '' });
    expect((await list({ helper })).code).toBe(1);
    expect(ran).toEqual([]);
    await dockerFile({ credHelpers: { 'registry.test': 'absent' } });
    expect(await list()).toMatchObject({ code: 1, err: expect.stringContaining('docker-credential-absent') as string });
  });
});

describe('a credential helper whose name is no name of a program', () => {
  const hostile = [
    '../../evil',
    'x/../../evil',
    '/bin/sh',
    'a b',
    'a;reboot',
    '$(reboot)',
    'a\nb',
    '..',
    'a..b',
    '\u001b[2Jwipe',
    'x\\y',
    'ünicode',
    'a\u0000b',
  ];
  it.each([
    ['doctor', hostile],
    ['login -u admin --password-stdin', hostile.slice(0, 3)],
  ])('is never run by %s', async (way, names) => {
    const env = { LONGSHORE_URL: url, LONGSHORE_USERNAME: 'admin', LONGSHORE_PASSWORD: adminPassword };
    for (const [at, name] of names.entries()) {
      await dockerFile(at % 2 === 0 ? { credHelpers: { 'registry.test': name } } : { credsStore: name });
      const ran: string[] = [];
      const helper = async (program: string) => Promise.resolve({ code: 0, printed: ran.push(program) ? '{}' : '' });
      const told = await user.run(way.split(' '), { helper, env, now, input: adminPassword });
      expect(ran).toEqual([]);
      expect([told.code, told.out + told.err]).toEqual([1, expect.stringContaining('which is no name of a program')]);
      expect(told.out + told.err).not.toContain('\u001b');
    }
  });

  it('is one finding of doctor among the others, with what to do', async () => {
    await dockerFile({ credHelpers: { 'registry.test': '../../evil' } });
    const env = { LONGSHORE_URL: url, LONGSHORE_USERNAME: 'admin', LONGSHORE_PASSWORD: adminPassword };
    const told = await user.run(['doctor', '-o', 'json'], { env, now });
    expect(JSON.parse(told.out)).toContainEqual({
      check: 'docker',
      is: 'wrong',
      says: expect.stringContaining('../../evil') as string,
      next: 'mend it, or log in with longshore login',
    });
    expect(told.out).toContain('"is Longshore"');
  });
});

describe('docker-credential-longshore', () => {
  const store = (server: string, name = 'ci', secret = 's3cret') =>
    user.help(['store'], JSON.stringify({ ServerURL: server, Username: name, Secret: secret }));

  it('stores, gets, lists and erases as docker asks it', async () => {
    expect(await store('127.0.0.1:5000')).toMatchObject({ code: 0, out: '' });
    const got = await user.help(['get'], '127.0.0.1:5000\n');
    expect([got.code, JSON.parse(got.out)]).toEqual([
      0,
      { ServerURL: '127.0.0.1:5000', Username: 'ci', Secret: 's3cret' },
    ]);
    expect(JSON.parse((await user.help(['get'], 'https://127.0.0.1:5000/v2/')).out)).toMatchObject({ Username: 'ci' });
    expect(JSON.parse((await user.help(['list'])).out)).toEqual({ '127.0.0.1:5000': 'ci' });
    expect((await user.help(['erase'], '127.0.0.1:5000')).code).toBe(0);
    expect((await user.help(['erase'], '127.0.0.1:5000')).code).toBe(0);
    expect((await user.help(['list'])).out).toBe('{}\n');
  });

  it.each([
    [['get'], 'nowhere.example', notFound],
    [['get'], '', 'no credentials server URL\n'],
    [['erase'], ' \n', 'no credentials server URL\n'],
    [['get'], 'constructor', notFound],
    [['get'], '__proto__', notFound],
    [['store'], '{"ServerURL":"","Username":"a","Secret":"b"}', 'no credentials server URL\n'],
    [['store'], '{"Username":"a","Secret":"b"}', 'no credentials server URL\n'],
    [['store'], '{"ServerURL":"a","Username":"","Secret":"b"}', 'no credentials username\n'],
    [['fly'], '', 'docker-credential-longshore: unknown action: fly\n'],
    [[], '', 'Usage: docker-credential-longshore <store|get|erase|list|version>\n'],
    [['get', 'more'], 'a', 'Usage: docker-credential-longshore <store|get|erase|list|version>\n'],
  ])('%j of %j fails with 1 and the text of the protocol', async (args, input, out) => {
    expect(await user.help(args, input)).toMatchObject({ code: 1, out });
  });

  it('repeats nothing of a secret that it cannot read', async () => {
    const ran = await user.help(['store'], '{"ServerURL":"a","Secret":"s3cret');
    expect([ran.code, ran.out + ran.err]).toEqual([1, expect.not.stringContaining('s3cret')]);
  });

  it('keeps every login when many are stored at once', async () => {
    const servers = Array.from({ length: 12 }, (_, at) => `r${at}.example`);
    await Promise.all(servers.map((server) => store(server)));
    expect(Object.keys(JSON.parse((await user.help(['list'])).out) as object).toSorted()).toEqual(servers.toSorted());
  });

  it('gives nothing of a file that others may read, and says so', async () => {
    await store('a.example');
    await chmod(file(), 0o644);
    expect(await user.help(['get'], 'a.example')).toMatchObject({
      code: 1,
      out: expect.stringContaining('chmod 600') as string,
    });
    expect((await user.run(['tokens', 'ls', '-r', 'a.example'])).code).toBe(1);
  });

  it('tells of a login that ended, and docker goes on as one who has not logged in', async () => {
    await logIn();
    const later = () => new Date(now().getTime() + 91 * 86_400_000);
    expect(await user.help(['get'], 'registry.test', { now: later })).toMatchObject({
      code: 1,
      out: notFound,
      err: expect.stringContaining('ended on') as string,
    });
  });
});
