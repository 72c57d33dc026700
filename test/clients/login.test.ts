import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { command } from './command.ts';

let required: RequiredStack;

const dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "touch", "/made-by-run"]
COPY random.bin /random.bin
CMD ["/bin/busybox", "true"]
`;
const image = 'localhost/longshore/app:1';

/**
 * Containers' tools keep everything in the test's own folder: images below `root`, logins in a file of `user`'s own.
 */
function tools(user: string, root = 'storage') {
  const storage = [
    '--storage-driver',
    'vfs',
    '--root',
    join(required.folder, root),
    '--runroot',
    join(required.folder, `${root}-run`),
  ];
  const options = {
    cwd: join(required.folder, 'context'),
    env: { REGISTRY_AUTH_FILE: join(required.folder, `auth-${user}.json`) },
  };
  return {
    skopeo: (...args: string[]) => command('skopeo', args, options),
    buildah: (...args: string[]) => command('buildah', [...storage, ...args], options),
    podman: (...args: string[]) => command('podman', [...storage, ...args], options),
  };
}

const local = () =>
  `containers-storage:[vfs@${join(required.folder, 'storage')}+${join(required.folder, 'storage-run')}]${image}`;
const plain = '--tls-verify=false';
const plainDestination = '--dest-tls-verify=false';
const plainSource = '--src-tls-verify=false';

beforeAll(async () => {
  required = await startRequiredStack();
  const context = join(required.folder, 'context');
  await mkdir(context);
  // The file has no logins: buildah refuses to start when its auth file does not exist.
  await writeFile(join(required.folder, 'auth-nobody.json'), '{}');
  await copyFile('/bin/busybox', join(context, 'busybox'));
  await writeFile(join(context, 'random.bin'), randomBytes(2 * 1024 * 1024));
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  await tools('nobody').buildah('bud', '--isolation', 'chroot', '--format', 'oci', '-t', image, '.');
});

afterAll(async () => {
  await required.stop();
});

describe.each(['url', 'functionsUrl'] as const)("where credentials are required, by the stack's %s", (host) => {
  const registry = () => required.stack[host].replace('http://', '');
  const at = (name: string) => `${registry()}/${host.toLowerCase()}/${name}`;
  const admin = `admin-${host}`;
  const creds = () => `admin:${required.password}`;

  async function digestOf(name: string): Promise<string> {
    const inspected = JSON.parse(await tools(admin).skopeo('inspect', plain, `docker://${at(name)}`)) as {
      Digest: string;
    };
    return inspected.Digest;
  }

  it('skopeo refuses to log in with a wrong password', async () => {
    await expect(tools('wrong').skopeo('login', plain, '-u', 'admin', '-p', 'not it', registry())).rejects.toThrow(
      /unauthorized|invalid username\/password/,
    );
  });

  it('skopeo is refused before it logs in', async () => {
    await expect(tools('nobody').skopeo('copy', plainDestination, local(), `docker://${at('app:1')}`)).rejects.toThrow(
      /authentication required|unauthorized/,
    );
  });

  it('skopeo logs in, copies, inspects and lists', async () => {
    const { skopeo } = tools(admin);
    expect(await skopeo('login', plain, '-u', 'admin', '-p', required.password, registry())).toContain(
      'Login Succeeded!',
    );
    await skopeo('copy', plainDestination, local(), `docker://${at('app:1')}`);
    await skopeo('copy', plainSource, plainDestination, `docker://${at('app:1')}`, `docker://${at('copied:1')}`);
    expect(await digestOf('copied:1')).toBe(await digestOf('app:1'));
    expect(JSON.parse(await skopeo('list-tags', plain, `docker://${at('app')}`))).toMatchObject({ Tags: ['1'] });
  });

  it('skopeo takes every tag of a repository to another by sync', async () => {
    const { skopeo } = tools(admin);
    await skopeo('copy', plainDestination, local(), `docker://${at('app:2')}`);
    await skopeo('sync', '--src', 'docker', '--dest', 'docker', plainSource, plainDestination, at('app'), at('mirror'));
    expect(JSON.parse(await skopeo('list-tags', plain, `docker://${at('mirror/app')}`))).toMatchObject({
      Tags: ['1', '2'],
    });
    expect(await digestOf('mirror/app:2')).toBe(await digestOf('app:2'));
  });

  it('skopeo deletes, with credentials alone', async () => {
    await expect(tools('nobody').skopeo('delete', plain, `docker://${at('mirror/app:2')}`)).rejects.toThrow(
      /authentication required|unauthorized/,
    );
    await tools(admin).skopeo('delete', plain, '--creds', creds(), `docker://${at('mirror/app:2')}`);
    await expect(digestOf('mirror/app:2')).rejects.toThrow(/manifest unknown/);
  });

  it('umoci unpacks what skopeo copied to a layout', async () => {
    const [layout, bundle] = [join(required.folder, `${host}-layout`), join(required.folder, `${host}-bundle`)];
    await tools(admin).skopeo('copy', plainSource, `docker://${at('app:1')}`, `oci:${layout}:1`);
    expect((await command('umoci', ['ls', '--layout', layout])).trim()).toBe('1');
    await command('umoci', ['unpack', '--image', `${layout}:1`, bundle]);
    const sent = await readFile(join(required.folder, 'context', 'random.bin'));
    expect(sent.equals(await readFile(join(bundle, 'rootfs', 'random.bin')))).toBe(true);
  });

  it('podman logs in, pushes, pulls, and is refused once it has logged out', async () => {
    const [pushing, pulling] = [tools(`podman-${host}`), tools(`podman-${host}`, `pulled-${host}`)];
    await pushing.podman('login', plain, '-u', 'admin', '-p', required.password, registry());
    await pushing.podman('push', plain, image, at('podman:1'));
    await pulling.podman('pull', plain, at('podman:1'));
    const idOf = async (podman: typeof pushing.podman, name: string) =>
      (JSON.parse(await podman('image', 'inspect', name)) as [{ Id: string }])[0].Id;
    expect(await idOf(pulling.podman, at('podman:1'))).toBe(await idOf(pushing.podman, image));
    await pushing.podman('logout', registry());
    await expect(pulling.podman('pull', plain, at('podman:1'))).rejects.toThrow(/authentication required|unauthorized/);
  });

  it('buildah pushes an image, and a list of images with all that it lists', async () => {
    const { buildah, skopeo } = tools('nobody');
    const list = `localhost/longshore/list-${host.toLowerCase()}:1`;
    await buildah('push', plain, '--creds', creds(), image, `docker://${at('built:1')}`);
    await buildah('manifest', 'create', list);
    await buildah('manifest', 'add', list, image);
    await buildah('manifest', 'add', '--arch', 'arm64', plain, '--creds', creds(), list, `docker://${at('built:1')}`);
    await buildah('manifest', 'push', '--all', plain, '--creds', creds(), list, `docker://${at('list:1')}`);
    const raw = JSON.parse(await skopeo('inspect', '--raw', plain, '--creds', creds(), `docker://${at('list:1')}`)) as {
      manifests: { digest: string; platform: object }[];
    };
    expect(raw.manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    for (const { digest } of raw.manifests)
      await skopeo('inspect', '--raw', plain, '--creds', creds(), `docker://${at(`list@${digest}`)}`);
  });

  it('buildah builds from the layers that another build has cached here', async () => {
    const cached = (root: string, ...more: string[]) =>
      tools('nobody', root).buildah(
        'bud',
        '--isolation',
        'chroot',
        '--layers',
        ...more,
        '--cache-from',
        at('cache'),
        plain,
        '--creds',
        creds(),
        '-t',
        'localhost/cached:1',
        '.',
      );
    await cached(`first-${host}`, '--cache-to', at('cache'));
    const again = await cached(`second-${host}`);
    expect(again).toContain('--> Cache pulled from remote');
    expect(again).not.toContain('Pushing cache');
  });
});

describe('a named token', () => {
  it('pushes where its scope map lets it, and nowhere else', async () => {
    const password = await required.makeToken('team', [
      'repositories/team/*/content/read',
      'repositories/team/*/content/write',
    ]);
    for (const host of [required.stack.url, required.stack.functionsUrl]) {
      const registry = host.replace('http://', '');
      const { skopeo } = tools('team');
      await skopeo('login', plain, '-u', 'team', '-p', password, registry);
      await skopeo('copy', plainDestination, local(), `docker://${registry}/team/app:1`);
      await skopeo('inspect', plain, `docker://${registry}/team/app:1`);
      await expect(skopeo('copy', plainDestination, local(), `docker://${registry}/other/app:1`)).rejects.toThrow(
        /denied|unauthorized|authentication required/,
      );
      await expect(skopeo('delete', plain, `docker://${registry}/team/app:1`)).rejects.toThrow(
        /denied|unauthorized|authentication required/,
      );
    }
  });
});

describe('everyone', () => {
  it('pulls what is open, and pushes nothing', async () => {
    await required.manage('PUT', '/anonymous', { repositories: ['public/*'] });
    for (const host of [required.stack.url, required.stack.functionsUrl]) {
      const registry = host.replace('http://', '');
      const [{ skopeo }, creds] = [tools('nobody'), `admin:${required.password}`];
      await skopeo('copy', plainDestination, '--dest-creds', creds, local(), `docker://${registry}/public/app:1`);
      await skopeo('copy', plainDestination, '--dest-creds', creds, local(), `docker://${registry}/closed/app:1`);
      await skopeo(
        'copy',
        plainSource,
        `docker://${registry}/public/app:1`,
        `dir:${join(required.folder, `public-${new URL(host).port}`)}`,
      );
      await expect(skopeo('inspect', plain, `docker://${registry}/closed/app:1`)).rejects.toThrow(
        /authentication required|unauthorized/,
      );
      await expect(skopeo('copy', plainDestination, local(), `docker://${registry}/public/app:2`)).rejects.toThrow(
        /authentication required|unauthorized|denied/,
      );
    }
  });
});
