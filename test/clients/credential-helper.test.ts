import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { command } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';
import type { Longshore } from './longshore-command.ts';
import { installLongshore } from './longshore-command.ts';

let required: RequiredStack;
let longshore: Longshore;
let engine: DockerEngine;
const stops: (() => Promise<void>)[] = [];

/** The folder that the helper keeps logins in, for every client of this file. */
const kept = () => join(required.folder, 'kept');
const registry = () => required.stack.url.replace('http://', '');
const logins = async () =>
  JSON.parse(await readFile(join(kept(), 'logins.json'), 'utf8')) as {
    logins: Record<string, { username: string; secret: string }>;
  };
const env = () => ({
  PATH: `${longshore.bin}:${process.env['PATH'] ?? ''}`,
  LONGSHORE_CONFIG: kept(),
  HOME: required.folder,
});
const plain = '--tls-verify=false';

beforeAll(async () => {
  required = await startRequiredStack();
  stops.push(() => required.stop());
  longshore = await installLongshore(required.folder, { LONGSHORE_CONFIG: kept(), HOME: required.folder });
  // The client of the engine starts the helper: it is the engine's PATH and folder that count.
  Object.assign(process.env, env());
  engine = await startDockerEngine(join(required.folder, 'engine'));
  stops.push(() => engine.stop());
  const [root, tar] = [join(required.folder, 'root'), join(required.folder, 'root.tar')];
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  await writeFile(join(root, 'random.bin'), randomBytes(1024 * 1024));
  await command('tar', ['-cf', tar, '-C', root, '.']);
  await engine.docker('import', tar, 'longshore/app:1');
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const configure = async (config: object) => {
  await mkdir(join(required.folder, 'engine', 'client'), { recursive: true });
  await writeFile(join(required.folder, 'engine', 'client', 'config.json'), JSON.stringify(config));
};

describe.each([
  ['credsStore', () => ({ credsStore: 'longshore' })],
  ['credHelpers', () => ({ credHelpers: { [registry()]: 'longshore' } })],
] as const)('docker with %s', (name, config) => {
  const image = () => `${registry()}/${name.toLowerCase()}/app:1`;

  it('logs in once, and then pushes and pulls; its own file has no secret', async () => {
    await configure(config());
    await engine.docker('tag', 'longshore/app:1', image());
    await expect(engine.docker('pull', image())).rejects.toThrow(
      /no basic auth credentials|authentication required|unauthorized/,
    );
    const password = await required.makeToken(name, ['repositories/*/content/read', 'repositories/*/content/write']);
    expect(await engine.docker('login', '-u', name, '-p', password, registry())).toContain('Login Succeeded');
    const file = await readFile(join(required.folder, 'engine', 'client', 'config.json'), 'utf8');
    expect(file).not.toMatch(/"auth":|identitytoken/);
    expect((await stat(join(kept(), 'logins.json'))).mode & 0o777).toBe(0o600);
    expect(Object.keys((await logins()).logins)).toContain(registry());
    await engine.docker('push', image());
    await engine.docker('rmi', image());
    expect(await engine.docker('pull', image())).toContain('Digest: sha256:');
  });

  it('is refused when the password has ended, and gets in again with a new login', async () => {
    await required.manage('POST', `/tokens/${name}/passwords/password1`, {});
    await expect(engine.docker('pull', image())).rejects.toThrow(/unauthorized|authentication required|denied/);
    const made = (await required.manage('POST', `/tokens/${name}/passwords/password2`, {})) as { value: string };
    await engine.docker('login', '-u', name, '-p', made.value, registry());
    await engine.docker('push', image());
  });

  it('is refused again once it has logged out', async () => {
    await engine.docker('logout', registry());
    expect((await logins()).logins).toEqual({});
    await expect(engine.docker('pull', image())).rejects.toThrow(
      /no basic auth credentials|authentication required|unauthorized/,
    );
  });
});

describe('a login of longshore', () => {
  const auth = () => join(required.folder, 'auth.json');
  const containers = () => ({ ...env(), REGISTRY_AUTH_FILE: auth() });
  const skopeo = (...args: string[]) => command('skopeo', args, { env: containers() });
  const podman = (...args: string[]) =>
    command(
      'podman',
      [
        '--storage-driver',
        'vfs',
        '--root',
        join(required.folder, 'podman'),
        '--runroot',
        join(required.folder, 'podman-run'),
        ...args,
      ],
      { env: containers() },
    );
  const image = () => `${registry()}/own/app:1`;

  beforeAll(async () => {
    await configure({ credsStore: 'longshore' });
    await writeFile(auth(), JSON.stringify({ credHelpers: { [registry()]: 'longshore' } }));
  });

  it("is docker's, skopeo's and podman's too", async () => {
    await expect(skopeo('list-tags', plain, `docker://${registry()}/own/app`)).rejects.toThrow(
      /authentication required|unauthorized/,
    );
    const login = await longshore.run(['login', registry(), '-u', 'admin', '--password-stdin'], {
      input: required.password,
    });
    expect(login).toMatchObject({ code: 0, err: '' });
    expect((await logins()).logins[registry()]).toMatchObject({ username: '<token>' });
    await engine.docker('tag', 'longshore/app:1', image());
    await engine.docker('push', image());
    expect(await skopeo('list-tags', plain, `docker://${image().replace(/:1$/, '')}`)).toContain('"1"');
    await skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${image()}`,
      `docker://${registry()}/own/app:2`,
    );
    await podman('pull', plain, image());
    await podman('tag', image(), `${registry()}/own/app:3`);
    await podman('push', plain, `${registry()}/own/app:3`);
  });

  it('that ended is told of, and every client is as one that has not logged in', async () => {
    const file = join(kept(), 'logins.json');
    const before = await readFile(file, 'utf8');
    const content = JSON.parse(before) as { logins: Record<string, { secret: string }> };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const entry = content.logins[registry()];
    if (entry !== undefined) entry.secret = `${part({ alg: 'none' })}.${part({ exp: 1 })}.x`;
    await writeFile(file, JSON.stringify(content), { mode: 0o600 });
    await expect(engine.docker('pull', image())).rejects.toThrow(/authentication required|unauthorized|no basic auth/);
    await expect(skopeo('list-tags', plain, `docker://${registry()}/own/app`)).rejects.toThrow(
      /authentication required|unauthorized/,
    );
    await expect(podman('pull', plain, image())).rejects.toThrow(/authentication required|unauthorized/);
    await writeFile(file, before, { mode: 0o600 });
    await podman('pull', plain, image());
  });

  it('ends by podman logout, skopeo logout and longshore logout', async () => {
    await podman('logout', registry());
    expect((await logins()).logins).toEqual({});
    await skopeo('login', plain, '-u', 'admin', '--password', required.password, registry());
    expect((await logins()).logins[registry()]).toMatchObject({ username: 'admin' });
    expect(await longshore.run(['tokens', 'ls', '-r', registry(), '-o', 'name'])).toMatchObject({ code: 0 });
    await podman('pull', plain, image());
    expect((await longshore.run(['logout', registry()])).code).toBe(0);
    await expect(podman('pull', plain, image())).rejects.toThrow(/authentication required|unauthorized/);
  });
});
