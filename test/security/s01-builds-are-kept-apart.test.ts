import { statSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { measuring } from '../../shared/adapters/buildah/disk.ts';
import { BuilderRefused, isolationOf } from '../../shared/adapters/buildah/requirements.ts';
import { containerIds, inSandbox, stepOptions } from '../../shared/adapters/buildah/sandbox.ts';
import { blobOrigin, buildLimitsSchema } from '../../shared/adapters/buildah/settings.ts';
import { writeWorld } from '../../shared/adapters/buildah/world.ts';
import { BadConfiguration, parseConfig } from '../../shared/app/config/config.ts';

const required = {
  LONGSHORE_UPLOAD_KEY: Buffer.alloc(32).toString('base64'),
  LONGSHORE_AUTH: 'open',
  COSMOS_ENDPOINT: 'https://cosmos.example',
  BLOB_ENDPOINT: 'https://blob.example',
  QUEUE_ENDPOINT: 'https://queue.example',
  EVENTGRID_ENDPOINT: 'https://events.example/api/events',
};
const mib = 1024 ** 2;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-s01-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('what a builder is started with', () => {
  const world = {
    ids: { users: 100_000, groups: 200_000 },
    runtime: 'crun',
    folder: '/tmp/job',
    files: { passwd: '/etc/passwd' },
    shown: ['gateway'],
    environment: { HTTP_PROXY: 'http://127.0.0.1:3128' },
    cgroups: ['/sys/fs/cgroup/longshore/x/cgroup.procs'],
  } as const;
  const command = inSandbox(['buildah', 'build', '.'], world);

  it('is a world of its own: users, mounts, processes, network, cgroups', () => {
    for (const option of [
      '--user',
      '--mount',
      '--kill-child',
      '--unshare-pid',
      '--unshare-net',
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-cgroup',
      '--die-with-parent',
      '--clearenv',
    ])
      expect(command).toContain(option);
  });

  it('is shown programs, what TLS is trusted by, and its own job: nothing else of the machine', () => {
    const shown = command.flatMap((part, at) => (/^--(ro-)?bind/.test(part) ? [command[at + 1] ?? ''] : []));
    const certificates = [
      'ssl',
      'pki',
      'ca-certificates',
      String.raw`containers/certs\.d`,
      String.raw`docker/certs\.d`,
    ];
    const etc = `etc/(${certificates.join('|')})`;
    const allowed = new RegExp(`^/(usr|bin|sbin|lib|lib64|${etc}|tmp/job/(etc/passwd|job|gateway))$`);
    expect(shown.filter((path) => !allowed.test(path))).toEqual([]);
    expect(command).not.toContain('/proc/1');
  });

  it('writes to nothing but its own job', () => {
    const writable = command.flatMap((part, at) => (part === '--bind' ? [command[at + 1]] : []));
    expect(writable).toEqual(['/tmp/job/job', '/tmp/job/gateway']);
  });

  it('is measured by somebody who may enter the folders that a step closes', () => {
    const euid = vi.spyOn(process, 'geteuid');
    const du = ['du', '-sx', '--block-size=1', '/tmp/job'];
    euid.mockReturnValue(0);
    expect(measuring({ folder: '/tmp/job', ids: world.ids })).toEqual(du);
    euid.mockReturnValue(1_234);
    expect(measuring({ folder: '/tmp/job', ids: world.ids }).slice(0, 4)).toEqual([
      'unshare',
      '--user',
      '--map-users=1234,0,1',
      '--map-users=100000,1,65536',
    ]);
    expect(measuring({ folder: '/tmp/job', ids: world.ids }).slice(-du.length)).toEqual(du);
    euid.mockRestore();
  });

  it('is readable for it where this process keeps its own files from everybody else', () => {
    const before = process.umask(0o077);
    try {
      const files = writeWorld(folder, world.ids, []);
      for (const name of ['job', 'job/tmp']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o711);
      for (const name of Object.keys(files)) expect(statSync(join(folder, 'etc', name)).mode & 0o777).toBe(0o644);
      expect(command.join(' ')).toContain('umask 022');
    } finally {
      process.umask(before);
    }
  });

  it("is told nothing of this process's environment", () => {
    vi.stubEnv('COSMOS_KEY', 'a-key-of-the-registry');
    expect(inSandbox(['buildah'], world).join(' ')).not.toContain('a-key-of-the-registry');
  });

  it('is root of no machine: its users are those that the machine has set aside', () => {
    if (process.geteuid?.() === 0)
      expect(command).toEqual(expect.arrayContaining(['--map-users=100000,0,65537', '--map-groups=200000,0,65537']));
    else
      expect(command).toEqual(
        expect.arrayContaining(['--map-users=100000,1,65536', `--map-users=${process.geteuid?.() ?? 0},0,1`]),
      );
  });

  it('starts steps as users that the builder is not, without rights that lead out, and without a network', () => {
    expect(containerIds).toEqual(['--userns-uid-map', '0:1:65536', '--userns-gid-map', '0:1:65536']);
    const options = stepOptions({ runtime: 'crun', steps: 'oci', network: 'none' });
    expect(options.join(' ')).toContain('--isolation oci --runtime crun --network none');
    for (const right of ['SYS_CHROOT', 'KILL', 'SETFCAP', 'MKNOD', 'NET_RAW'])
      expect(options.at(-1)).toContain(`CAP_${right}`);
  });

  it('starts steps in a chroot only where the operator has said so, whatever the environment says', () => {
    vi.stubEnv('BUILDAH_ISOLATION', 'chroot');
    expect(parseConfig({ ...required, BUILDAH_ISOLATION: 'chroot' }).LONGSHORE_BUILD_ISOLATION).toBe('oci');
    expect(
      stepOptions({ runtime: 'crun', steps: parseConfig(required).LONGSHORE_BUILD_ISOLATION, network: 'none' }),
    ).not.toContain('chroot');
    expect(parseConfig({ ...required, LONGSHORE_BUILD_ISOLATION: 'chroot' }).LONGSHORE_BUILD_ISOLATION).toBe('chroot');
  });
});

describe('a start on a machine where a build cannot be kept apart', () => {
  const limits = buildLimitsSchema.parse('');

  it('refuses the runner, and says all that is missing at once', () => {
    vi.stubEnv('PATH', folder);
    const start = () => isolationOf({ limits, steps: 'oci', network: 'none', cgroup: 'no\0where' });
    expect(start).toThrow(BuilderRefused);
    for (const said of [
      'buildah',
      'bubblewrap',
      'util-linux',
      'uidmap',
      'crun or runc',
      'LONGSHORE_BUILD_CGROUP',
      'LONGSHORE_RUNNER',
    ])
      expect(start).toThrow(said);
  });

  it('refuses it too when all programs are there and the sandbox does not work', async () => {
    for (const program of ['buildah', 'bwrap', 'unshare', 'newuidmap', 'newgidmap', 'tar', 'du', 'crun', 'sh']) {
      await writeFile(join(folder, program), '#!/bin/sh\necho no such thing here >&2\nexit 1\n');
      await chmod(join(folder, program), 0o755);
    }
    vi.stubEnv('PATH', folder);
    expect(() => isolationOf({ limits, steps: 'oci', network: 'none', cgroup: undefined })).toThrow(BuilderRefused);
  });
});

describe('the limits of a build', () => {
  it('are there when none are given', () => {
    expect(parseConfig(required).LONGSHORE_BUILD_LIMITS).toEqual({
      memoryBytes: 4_096 * mib,
      cpus: 2,
      pids: 2_048,
      diskBytes: 20_480 * mib,
    });
  });

  it('are those that are given, and the usual ones beside them', () => {
    expect(buildLimitsSchema.parse('memory=8GiB,cpus=0.5')).toEqual({
      memoryBytes: 8_192 * mib,
      cpus: 0.5,
      pids: 2_048,
      diskBytes: 20_480 * mib,
    });
  });

  it.each([
    'memory=',
    'memory=4',
    'memory=1MiB',
    'cpus=0',
    'cpus=-1',
    'pids=1',
    'disk=unlimited',
    'swap=1GiB',
    '__proto__=1',
    'memory',
    'memory=1e9MiB',
  ])('cannot be given as %j', (text) => {
    expect(() => parseConfig({ ...required, LONGSHORE_BUILD_LIMITS: text })).toThrow(BadConfiguration);
  });

  it('are of a cgroup that no path leads out of', () => {
    expect(() => parseConfig({ ...required, LONGSHORE_BUILD_CGROUP: '/sys/fs/cgroup/../../../etc' })).toThrow(
      BadConfiguration,
    );
  });
});

describe('the storage that a builder is sent to', () => {
  it.each([
    [{ endpoint: 'https://store.blob.core.windows.net/' }, 'https://store.blob.core.windows.net'],
    [
      {
        connectionString:
          'DefaultEndpointsProtocol=https;AccountName=store;AccountKey=a==;EndpointSuffix=core.windows.net',
      },
      'https://store.blob.core.windows.net',
    ],
    [
      {
        connectionString:
          'AccountName=a;AccountKey=b==;BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://127.0.0.1:10001/a',
      },
      'http://127.0.0.1:10000',
    ],
  ])('is known from %j', (account, origin) => {
    expect(blobOrigin(account)).toBe(origin);
  });
});
