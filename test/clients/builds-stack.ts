import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { command } from './command.ts';
import { manage, pushBlobTo } from './regions.ts';

/** At any other registry. */
export const looksPerMinute = 20;

export let work: Awaited<ReturnType<typeof stateFolder>>;
export let stack: RunningStack;
export let host: string;

const storage = () => [
  '--storage-driver',
  'vfs',
  '--root',
  join(work.path, 'storage'),
  '--runroot',
  join(work.path, 'run'),
];
export const buildah = (...args: string[]) => command('buildah', [...storage(), ...args]);
export const api = (method: string, path: string, body?: object) => manage(stack.url, method, path, body);

beforeAll(async () => {
  work = await stateFolder();
  stack = await startRunningStack(join(work.path, 'state'), [], {
    LONGSHORE_UPSTREAM_PER_MINUTE: String(looksPerMinute),
  });
  ({ host } = new URL(stack.url));
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await work.remove();
});

/** A folder with a Dockerfile, and what it may copy. */
export async function contextOf(dockerfile: string, version = ''): Promise<string> {
  const context = join(
    work.path,
    `context-${createHash('sha256')
      .update(dockerfile + version)
      .digest('hex')
      .slice(0, 12)}`,
  );
  await mkdir(context, { recursive: true });
  await copyFile('/bin/busybox', join(context, 'busybox'));
  await writeFile(join(context, 'version.txt'), version);
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  return context;
}

/** Builds and pushes by hand, as somebody's CI does. */
export async function pushed(name: string, dockerfile: string, version = ''): Promise<void> {
  const image = `localhost/${name}`;
  await buildah(
    'bud',
    '--isolation',
    'chroot',
    '--tls-verify=false',
    '--pull-always',
    '--format',
    'oci',
    '-t',
    image,
    await contextOf(dockerfile, version),
  );
  await buildah('push', '--tls-verify=false', image, `docker://${host}/${name}`);
}

export async function task(name: string, dockerfile: string, settings: object = {}): Promise<void> {
  const archive = join(work.path, `${name}.tar.gz`);
  await command('tar', ['-czf', archive, '-C', await contextOf(dockerfile), '.']);
  const bytes = await readFile(archive);
  await pushBlobTo(stack.url, 'contexts', bytes);
  await api('PUT', `/tasks/${name}`, {
    image: `${name}:1`,
    context: { repository: 'contexts', digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` },
    ...settings,
  });
}

interface BuildShown {
  readonly id: string;
  readonly state: string;
  readonly images: number;
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly counts?: Record<string, number>;
}

export const builds = async () => (await api('GET', '/builds')).items as BuildShown[];
export const finished = (count: number) =>
  vi.waitFor(
    async () => {
      const all = await builds();
      expect(all.length).toBe(count);
      expect(all.map(({ state }) => state)).toEqual(all.map(() => 'finished'));
      return all[0] as BuildShown;
    },
    { timeout: 120_000, interval: 200 },
  );

export const learned = (image: string, base: string) =>
  vi.waitFor(
    async () => {
      const { bases } = (await api('GET', `/bases?image=${image}`)) as { bases: { image: string }[] };
      expect(bases.map((each) => each.image)).toContain(base);
    },
    { timeout: 20_000, interval: 100 },
  );

/** Runs a program in a container of the image and returns what it prints. */
export async function run(image: string, ...program: string[]): Promise<string> {
  const container = (await buildah('from', '--pull-always', '--tls-verify=false', `docker://${host}/${image}`)).trim();
  const said = await buildah('run', '--isolation', 'chroot', container, '--', ...program);
  await buildah('rm', container);
  return said.trim();
}

export const baseFile = 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY version.txt /base.txt\n';
export const digestOf = async (image: string) =>
  (
    JSON.parse(await command('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/${image}`])) as {
      Digest: string;
    }
  ).Digest;
