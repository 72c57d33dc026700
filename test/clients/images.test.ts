import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { command } from './command.ts';

let work: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;

// Neither overlayfs nor a user's own storage is needed, nor touched.
const buildahStorage = () => [
  '--storage-driver',
  'vfs',
  '--root',
  join(work.path, 'storage'),
  '--runroot',
  join(work.path, 'run'),
];
const local = () =>
  `containers-storage:[vfs@${join(work.path, 'storage')}+${join(work.path, 'run')}]localhost/longshore/app:1`;

const dockerfile = `FROM scratch AS tools
COPY busybox /bin/busybox
RUN ["/bin/busybox", "touch", "/made-by-run"]
FROM scratch
COPY --from=tools / /
COPY random.bin /random.bin
CMD ["/bin/busybox", "true"]
`;

beforeAll(async () => {
  work = await stateFolder();
  const context = join(work.path, 'context');
  await mkdir(context);
  await copyFile('/bin/busybox', join(context, 'busybox'));
  await writeFile(join(context, 'random.bin'), randomBytes(12 * 1024 * 1024));
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  await command(
    'buildah',
    [...buildahStorage(), 'bud', '--isolation', 'chroot', '--format', 'oci', '-t', 'localhost/longshore/app:1', '.'],
    { cwd: context },
  );
  stack = await startRunningStack(join(work.path, 'state'));
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await work.remove();
});

async function manifestDigest(folder: string): Promise<string> {
  return `sha256:${createHash('sha256')
    .update(await readFile(join(folder, 'manifest.json')))
    .digest('hex')}`;
}

/** A `dir:` image keeps each blob in a file that is named by its sha256. */
async function blobsOf(folder: string): Promise<string[]> {
  const blobs = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  expect(blobs.length).toBeGreaterThan(1);
  return blobs;
}

describe.each(['url', 'functionsUrl'] as const)("an image built by buildah, on the stack's %s", (host) => {
  const registry = () => stack[host].replace('http://', '');
  const repository = `clients/${host.toLowerCase()}`;

  it.each(['oci', 'v2s2'])('goes there by skopeo as %s and comes back with the same digests', async (format) => {
    const name = `docker://${registry()}/${repository}:${format}`;
    const [sent, back] = [join(work.path, `${host}-${format}-digest`), join(work.path, `${host}-${format}-back`)];
    await command('skopeo', [
      'copy',
      '--format',
      format,
      '--digestfile',
      sent,
      '--dest-tls-verify=false',
      local(),
      name,
    ]);
    await command('skopeo', ['copy', '--src-tls-verify=false', name, `dir:${back}`]);
    const digest = await readFile(sent, 'utf8');
    expect(await manifestDigest(back)).toBe(digest);
    for (const blob of await blobsOf(back))
      expect(
        createHash('sha256')
          .update(await readFile(join(back, blob)))
          .digest('hex'),
      ).toBe(blob);
    const inspected = JSON.parse(await command('skopeo', ['inspect', '--tls-verify=false', name])) as {
      Digest: string;
    };
    expect(inspected.Digest).toBe(digest);
  });

  it('is pushed and pulled by podman', async () => {
    const name = `${registry()}/${repository}:podman`;
    const podman = (root: string, ...args: string[]) =>
      command('podman', [
        '--storage-driver',
        'vfs',
        '--root',
        join(work.path, root),
        '--runroot',
        join(work.path, `${root}-run`),
        ...args,
      ]);
    await command('podman', [
      '--storage-driver',
      'vfs',
      '--root',
      join(work.path, 'storage'),
      '--runroot',
      join(work.path, 'run'),
      'push',
      '--tls-verify=false',
      'localhost/longshore/app:1',
      name,
    ]);
    await podman(`podman-${host}`, 'pull', '--tls-verify=false', name);
    const [pulled] = JSON.parse(await podman(`podman-${host}`, 'image', 'inspect', name)) as { Id: string }[];
    const [built] = JSON.parse(
      await command('podman', [...buildahStorage(), 'image', 'inspect', 'localhost/longshore/app:1']),
    ) as { Id: string }[];
    expect(pulled?.Id).toBe(built?.Id);
  });

  it('is counted and listed', async () => {
    const tags = JSON.parse(
      await command('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry()}/${repository}`]),
    ) as { Tags: string[] };
    expect(tags.Tags).toEqual(['oci', 'podman', 'v2s2']);
    const usage = (await (await fetch(`${stack[host]}/api/v1/usage?repository=${repository}`)).json()) as {
      pushes: number;
    };
    expect(usage.pushes).toBe(3);
  });

  it('is known by who pulled it: each tag once by its own client, and what skopeo inspected', async () => {
    const pullsOf = async (tag: string) => {
      const { pulls, period } = (await (
        await fetch(`${stack[host]}/api/v1/usage?repository=${repository}&tag=${tag}`)
      ).json()) as { pulls: number; period: { byClient: Record<string, { pulls: number; pushes: number }> } };
      return [
        pulls,
        Object.entries(period.byClient)
          .filter(([, counts]) => counts.pulls > 0)
          .map(([client, counts]) => [client, counts.pulls]),
      ];
    };
    const patience = { timeout: 20_000, interval: 250 };
    await vi.waitFor(async () => expect(await pullsOf('podman')).toEqual([1, [['podman', 1]]]), patience);
    await vi.waitFor(async () => expect(await pullsOf('oci')).toEqual([2, [['skopeo', 2]]]), patience);
  }, 60_000);

  it('is deleted by skopeo', async () => {
    await command('skopeo', ['delete', '--tls-verify=false', `docker://${registry()}/${repository}:v2s2`]);
    expect((await fetch(`${stack[host]}/v2/${repository}/manifests/v2s2`)).status).toBe(404);
  });
});
