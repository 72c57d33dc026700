import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';
import { asNewer, newer } from './newer.ts';
import type { Described } from './oci-layout.ts';
import { OciLayout } from './oci-layout.ts';

// Debian 13's clients beside the system's (docs/clients.md): .ci/newer-clients unpacks them. Each logs in, pushes and
// pulls what it makes itself.

let required: RequiredStack;
let image: Described;

beforeAll(async () => {
  required = await startRequiredStack();
  const layout = new OciLayout(join(required.folder, 'layout'));
  image = await layout.image([randomBytes(200_000), randomBytes(1_000)]);
  await layout.name(
    await layout.index([
      { image, architecture: 'amd64' },
      { image: await layout.image([randomBytes(1_000)], {}, 'arm64'), architecture: 'arm64' },
    ]),
    'multi',
  );
  await layout.name(image, 'one');
  const context = join(required.folder, 'context');
  await mkdir(context);
  await copyFile('/bin/busybox', join(context, 'busybox'));
  await writeFile(join(context, 'random.bin'), randomBytes(1_000_000));
  await writeFile(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /bin/busybox\nCOPY random.bin /random.bin\nCMD ["/bin/busybox", "true"]\n',
  );
});

afterAll(async () => {
  await required.stop();
});

describe.each(['url', 'functionsUrl'] as const)("newer clients (C7), by the stack's %s", (host) => {
  const registry = () => new URL(required.stack[host]).host;
  const at = (name: string) => `${registry()}/${host.toLowerCase()}/${name}`;
  const file = (name: string) => join(required.folder, `${host}-${name}`);
  const storage = () => ['--storage-driver', 'vfs', '--root', file('storage'), '--runroot', file('storage-run')];
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}) =>
    newer(program, args, {
      cwd: join(required.folder, 'context'),
      env: { REGISTRY_AUTH_FILE: file('auth.json'), DOCKER_CONFIG: file('docker'), ...env },
    });
  const login = (program: string, ...more: string[]) =>
    run(program, ['login', ...more, '-u', 'admin', '-p', required.password, registry()]);
  const layout = (name: string) => `oci:${join(required.folder, 'layout')}:${name}`;

  it('skopeo 1.18 copies an index with all its images, between repositories too, and back as it was', async () => {
    expect(await login('skopeo', '--tls-verify=false')).toContain('Login Succeeded!');
    await run('skopeo', [
      'copy',
      '--all',
      '--preserve-digests',
      '--dest-tls-verify=false',
      layout('multi'),
      `docker://${at('skopeo:multi')}`,
    ]);
    await run('skopeo', [
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${at('skopeo:multi')}`,
      `docker://${at('copied:multi')}`,
    ]);
    await run('skopeo', [
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      `docker://${at('copied:multi')}`,
      `oci:${file('back')}:multi`,
    ]);
    const named = async (folder: string) =>
      (JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { manifests: { digest: string }[] })
        .manifests[0]?.digest;
    expect(await named(file('back'))).toBe(await named(join(required.folder, 'layout')));
    expect(
      JSON.parse(await run('skopeo', ['list-tags', '--tls-verify=false', `docker://${at('skopeo')}`])),
    ).toMatchObject({ Tags: ['multi'] });
  });

  it('buildah 1.39 builds and pushes with gzip and with zstd:chunked, and podman 5.4 pulls and pushes it', async () => {
    await login('buildah', '--tls-verify=false');
    await run('buildah', [...storage(), 'build', '--isolation', 'chroot', '-t', at('built:1'), '.']);
    await run('buildah', [...storage(), 'push', '--tls-verify=false', at('built:1')]);
    await run('buildah', [
      ...storage(),
      'push',
      '--tls-verify=false',
      '--compression-format',
      'zstd:chunked',
      at('built:1'),
      `docker://${at('built:zstd')}`,
    ]);
    await run('buildah', [...storage(), 'rmi', '--all', '--force']);
    for (const tag of ['1', 'zstd'])
      await run('podman', [...storage(), 'pull', '--tls-verify=false', at(`built:${tag}`)]);
    await run('podman', [...storage(), 'push', '--tls-verify=false', at('built:1'), at('podman:1')]);
    expect(
      JSON.parse(await run('skopeo', ['inspect', '--tls-verify=false', `docker://${at('podman:1')}`])),
    ).toMatchObject({ Os: 'linux' });
  });

  it('oras 1.2 pushes, attaches, discovers and pulls artifacts', async () => {
    expect(await login('oras', '--plain-http')).toContain('Login Succeeded');
    await run('oras', [
      'push',
      '--plain-http',
      '--artifact-type',
      'application/vnd.test',
      at('oras:1'),
      'random.bin:application/octet-stream',
    ]);
    await run('oras', [
      'attach',
      '--plain-http',
      '--artifact-type',
      'application/vnd.test.note',
      at('oras:1'),
      'Dockerfile:text/plain',
    ]);
    expect(JSON.parse(await run('oras', ['discover', '--plain-http', '--format', 'json', at('oras:1')]))).toMatchObject(
      { manifests: [{ artifactType: 'application/vnd.test.note' }] },
    );
    expect(await run('oras', ['repo', 'tags', '--plain-http', at('oras')])).toContain('1');
    await run('oras', ['cp', '--from-plain-http', '--to-plain-http', '--recursive', at('oras:1'), at('oras-copied:1')]);
    await run('oras', ['pull', '--plain-http', '--output', file('pulled'), at('oras-copied:1')]);
    expect(await readFile(join(file('pulled'), 'random.bin'))).toEqual(
      await readFile(join(required.folder, 'context', 'random.bin')),
    );
    expect(
      JSON.parse(await run('oras', ['discover', '--plain-http', '--format', 'json', at('oras-copied:1')])),
    ).toMatchObject({ manifests: [{ artifactType: 'application/vnd.test.note' }] });
  });

  it('cosign 2.5 signs and verifies, as tags and as referrers', async () => {
    await run('skopeo', [
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      layout('one'),
      `docker://${at('signed:1')}`,
    ]);
    const subject = `${at('signed')}@${image.digest}`;
    const env = { COSIGN_PASSWORD: 'of the key', COSIGN_EXPERIMENTAL: '1' };
    await login('cosign');
    await run('cosign', ['generate-key-pair', '--output-key-prefix', file('key')], env);
    for (const mode of [[], ['--registry-referrers-mode', 'oci-1-1']])
      await run('cosign', ['sign', '--yes', '--key', file('key.key'), '--tlog-upload=false', ...mode, subject], env);
    for (const mode of [[], ['--experimental-oci11']])
      expect(
        await run('cosign', ['verify', '--key', file('key.pub'), '--insecure-ignore-tlog', ...mode, subject], env),
      ).toContain(image.digest);
    expect(
      JSON.parse(await run('skopeo', ['list-tags', '--tls-verify=false', `docker://${at('signed')}`])),
    ).toMatchObject({ Tags: expect.arrayContaining([`${image.digest.replace(':', '-')}.sig`]) as string[] });
  });
});

describe('an image that must be signed (C7)', () => {
  const file = (name: string) => join(required.folder, `trust-${name}`);
  const registry = () => new URL(required.stack.url).host;
  const at = (name: string) => `${registry()}/trusted/${name}`;
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}, as = 'puller') =>
    newer(program, args, { env: { REGISTRY_AUTH_FILE: file(`${as}.json`), DOCKER_CONFIG: file(as), ...env } });
  const manage = async (method: string, path: string, body?: object) => {
    const authorization = `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}`;
    const answer = await fetch(`${required.stack.url}/api/v1${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { passwords?: { value: string }[]; held?: boolean; explanation?: string };
  };
  const login = (as: string, user: string, password: string) =>
    run('skopeo', ['login', '--tls-verify=false', '-u', user, '-p', password, registry()], {}, as);
  const pull = (reference: string) =>
    run('skopeo', ['copy', '--src-tls-verify=false', `docker://${at(reference)}`, `dir:${file('pulled')}`]);
  const env = { COSIGN_PASSWORD: 'of the key', COSIGN_EXPERIMENTAL: '1' };

  beforeAll(async () => {
    const actions = ['repositories/trusted/*/content/read'];
    await manage('PUT', '/scope-maps/puller', { actions });
    const { passwords } = await manage('POST', '/tokens', { name: 'puller', scopeMap: 'puller' });
    await login('puller', 'puller', passwords?.[0]?.value ?? '');
    await login('admin', 'admin', required.password);
    await run('cosign', ['login', '-u', 'admin', '-p', required.password, registry()], {}, 'admin');
    await run('cosign', ['generate-key-pair', '--output-key-prefix', file('key')], env);
    const keys = [await readFile(file('key.pub'), 'utf8')];
    const policy = { mode: 'enforce', repositories: { include: ['trusted/*'] }, sigstoreKeys: [{ name: 'ci', keys }] };
    await manage('PUT', '/trust/policies/trusted', policy);
  });

  it.each([
    ['as a tag', 'tagged', []],
    ['as a referrer', 'referred', ['--registry-referrers-mode', 'oci-1-1']],
  ] as const)('is refused to skopeo, which says why, until cosign 2.5 has signed it %s', async (_, name, mode) => {
    const source = `oci:${join(required.folder, 'layout')}:one`;
    const target = `docker://${at(`${name}:1`)}`;
    await run('skopeo', ['copy', '--preserve-digests', '--dest-tls-verify=false', source, target], {}, 'admin');
    await expect(pull(`${name}:1`)).rejects.toThrow(/is held: (?:the policy trusted asks for a|no) signature/);
    await expect(pull(`${name}@${image.digest}`)).rejects.toThrow(/is held/);
    const subject = `${at(name)}@${image.digest}`;
    await run(
      'cosign',
      ['sign', '--yes', '--key', file('key.key'), '--tlog-upload=false', ...mode, subject],
      env,
      'admin',
    );
    const verdict = () => manage('GET', `/images/verdict?repository=trusted%2F${name}&reference=1`);
    await expect.poll(async () => (await verdict()).held, { timeout: 30_000 }).toBe(false);
    await expect.poll(() => pull(`${name}:1`).then(() => 'pulled', String), { timeout: 30_000 }).toBe('pulled');
    await pull(`${name}@${image.digest}`);
  });
});

describe('docker 26 with buildx (C7)', () => {
  let engine: DockerEngine;

  beforeAll(async () => {
    engine = await startDockerEngine(join(required.folder, 'engine'), asNewer);
  });
  afterAll(() => engine.stop());

  it.each(['url', 'functionsUrl'] as const)(
    "logs in, builds by BuildKit, pushes, mounts and pulls by the stack's %s",
    async (host) => {
      const registry = new URL(required.stack[host]).host;
      const [image, copy] = [
        `${registry}/docker-${host.toLowerCase()}/app:1`,
        `${registry}/docker-${host.toLowerCase()}/copy:1`,
      ];
      expect(await engine.docker('version', '--format', '{{.Server.Version}}')).toMatch(/^26\./);
      expect(await engine.docker('login', '-u', 'admin', '-p', required.password, registry)).toContain(
        'Login Succeeded',
      );
      await engine.docker('buildx', 'build', '--load', '-t', image, join(required.folder, 'context'));
      await engine.docker('push', image);
      await engine.docker('tag', image, copy);
      expect(await engine.docker('push', copy)).toContain(`Mounted from docker-${host.toLowerCase()}/app`);
      const id = (await engine.docker('image', 'inspect', '--format', '{{.Id}}', image)).trim();
      await engine.docker('image', 'rm', '--force', image, copy);
      await engine.docker('pull', copy);
      expect((await engine.docker('image', 'inspect', '--format', '{{.Id}}', copy)).trim()).toBe(id);
    },
  );
});
