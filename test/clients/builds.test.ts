import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { startGitServer } from '../contracts/git-server.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { sandboxed, storesOf } from './builder.ts';
import { command } from './command.ts';
import { manage, pushBlobTo } from './regions.ts';

/** At any other registry. */
const looksPerMinute = 20;

let work: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;
let host: string;

const storage = () => [
  '--storage-driver',
  'vfs',
  '--root',
  join(work.path, 'storage'),
  '--runroot',
  join(work.path, 'run'),
];
const buildah = (...args: string[]) => command('buildah', [...storage(), ...args]);
const api = (method: string, path: string, body?: object) => manage(stack.url, method, path, body);

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
async function contextOf(dockerfile: string, version = ''): Promise<string> {
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
async function pushed(name: string, dockerfile: string, version = ''): Promise<void> {
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

async function task(name: string, dockerfile: string, settings: object = {}): Promise<void> {
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

const builds = async () => (await api('GET', '/builds')).builds as BuildShown[];
const finished = (count: number) =>
  vi.waitFor(
    async () => {
      const all = await builds();
      expect(all.length).toBe(count);
      expect(all.map(({ state }) => state)).toEqual(all.map(() => 'finished'));
      return all[0] as BuildShown;
    },
    { timeout: 120_000, interval: 200 },
  );

const learned = (image: string, base: string) =>
  vi.waitFor(
    async () => {
      const { bases } = (await api('GET', `/bases?image=${image}`)) as { bases: { image: string }[] };
      expect(bases.map((each) => each.image)).toContain(base);
    },
    { timeout: 20_000, interval: 100 },
  );

/** What a program in a container of the image says. */
async function run(image: string, ...program: string[]): Promise<string> {
  const container = (await buildah('from', '--pull-always', '--tls-verify=false', `docker://${host}/${image}`)).trim();
  const said = await buildah('run', '--isolation', 'chroot', container, '--', ...program);
  await buildah('rm', container);
  return said.trim();
}

const baseFile = 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY version.txt /base.txt\n';
const digestOf = async (image: string) =>
  (
    JSON.parse(await command('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/${image}`])) as {
      Digest: string;
    }
  ).Digest;

describe('a base, and four levels of images on it', () => {
  it('are made anew once, in order, when the base is: by rebase and by buildah', async () => {
    await pushed('base:1', baseFile, 'one');
    await pushed('unrelated:1', 'FROM scratch\nCOPY version.txt /u\n', 'unrelated');
    await api('PUT', '/builds/policies/left', { repositories: { include: ['left'] }, mode: 'rebase' });
    // Known by what buildah writes into the image alone.
    await pushed('left:1', `FROM ${host}/base:1\nRUN ["/bin/busybox", "touch", "/left"]\n`);
    await task(
      'right',
      `FROM ${host}/base:1 AS made\nRUN ["/bin/busybox", "touch", "/right"]\nFROM scratch\nCOPY ` +
        `--from=${host}/base:1 /bin /bin\nCOPY --from=made /base.txt /right /\n`,
    );
    await task(
      'join',
      `ARG LEFT=${host}/left:1\nFROM \${LEFT}\nCOPY --from=${host}/right:1 /right /base.txt /from-right/\n`,
    );
    await task('top', `FROM ${host}/join:1\nRUN ["/bin/busybox", "touch", "/top"]\n`, {
      test: { command: ['/bin/busybox', 'test', '-f', '/from-right/right'] },
    });
    await learned('left:1', 'base:1');
    await api('POST', '/tasks/right/run');
    expect(await finished(1)).toMatchObject({ images: 3, counts: { succeeded: 3 } });
    expect(await run('top:1', '/bin/busybox', 'cat', '/base.txt')).toBe('one');
    const before = await digestOf('unrelated:1');

    await pushed('base:1', baseFile, 'two');
    const at = Date.now();
    await vi.waitFor(
      async () => {
        expect((await builds())[0]).toMatchObject({ images: 4 });
      },
      { timeout: 10_000, interval: 20 },
    );
    const queuedMs = Date.now() - at;
    const build = await finished(2);
    console.log(`queued ${queuedMs} ms after the push; all four made anew in ${Date.now() - at} ms`);
    expect(queuedMs).toBeLessThan(2_000);
    expect(build).toMatchObject({ counts: { succeeded: 4, same: 0, failed: 0, stopped: 0 } });
    const { nodes } = (await api('GET', `/builds/${build.id}`)) as {
      nodes: { image: string; endedAt: string; waitsFor: string[] }[];
    };
    for (const { endedAt, waitsFor } of nodes)
      for (const first of waitsFor)
        expect(nodes.find(({ image }) => image === first)?.endedAt.localeCompare(endedAt)).toBe(-1);
    for (const image of ['left:1', 'right:1', 'join:1', 'top:1'])
      expect(await run(image, '/bin/busybox', 'cat', '/base.txt')).toBe('two');
    expect(await run('top:1', '/bin/busybox', 'cat', '/from-right/base.txt')).toBe('two');
    expect(await digestOf('unrelated:1')).toBe(before);

    await buildah('push', '--tls-verify=false', 'localhost/base:1', `docker://${host}/base:1`);
    await new Promise((passed) => setTimeout(passed, 3_000));
    expect(await builds()).toHaveLength(2);
  });
});

describe('an image whose test fails', () => {
  it('moves no tag, and its log, its event and its explanation say why', async () => {
    await task('gated', `FROM ${host}/base:1\n`, { test: { command: ['/bin/busybox', 'grep', 'three', '/base.txt'] } });
    const count = (await builds()).length;
    await api('POST', '/tasks/gated/run');
    const build = await finished(count + 1);
    expect(build).toMatchObject({ counts: { failed: 1 } });
    expect((await fetch(`${stack.url}/v2/gated/manifests/1`)).status).toBe(404);
    const log = await (await fetch(`${stack.url}/api/v1/builds/${build.id}/log?image=gated:1`)).text();
    expect(log).toContain('STEP 1/1: FROM');
  });
});

describe('a rebase', () => {
  it('of an image with two platforms takes no builder and less than two seconds, and what runs is the app on its new base', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const pushIndex = async (name: string, dockerfile: string, version: string) => {
      await buildah('manifest', 'rm', `localhost/${name}-list`).catch(() => undefined);
      await buildah(
        'bud',
        '--isolation',
        'chroot',
        '--tls-verify=false',
        '--pull-always',
        '--platform',
        platforms.join(','),
        '--manifest',
        `localhost/${name}-list`,
        await contextOf(dockerfile, version),
      );
      await buildah(
        'manifest',
        'push',
        '--all',
        '--tls-verify=false',
        `localhost/${name}-list`,
        `docker://${host}/${name}:1`,
      );
    };
    await api('PUT', '/builds/policies/multi', { repositories: { include: ['multi-app'] }, mode: 'rebase' });
    await pushIndex('multi-base', baseFile, 'one');
    await pushIndex('multi-app', `FROM ${host}/multi-base:1\nCOPY version.txt /app.txt\nENV APP=yes\n`, 'the app');
    await learned('multi-app:1', 'multi-base:1');
    const count = (await builds()).length;
    await pushIndex('multi-base', baseFile, 'two');
    const build = await finished(count + 1);
    const { nodes } = (await api('GET', `/builds/${build.id}`)) as { nodes: { startedAt: string; endedAt: string }[] };
    expect(nodes).toMatchObject([{ image: 'multi-app:1', state: 'succeeded' }]);
    // Without the wait for a message of the queue, which is looked for at most two seconds apart (host.json).
    const tookMs = Date.parse(nodes[0]?.endedAt ?? '') - Date.parse(nodes[0]?.startedAt ?? '');
    console.log(`rebased two platforms in ${tookMs} ms`);
    expect(tookMs).toBeLessThan(2_000);
    expect(await run('multi-app:1', '/bin/busybox', 'cat', '/base.txt', '/app.txt')).toBe('twothe app');
    const inspect = async (image: string, architecture: string) =>
      JSON.parse(
        await command('skopeo', [
          'inspect',
          '--tls-verify=false',
          '--override-arch',
          architecture,
          `docker://${host}/${image}`,
        ]),
      ) as { Architecture: string; Env: string[]; Layers: string[] };
    for (const platform of platforms) {
      const architecture = platform.split('/')[1] ?? '';
      const [app, base] = await Promise.all([
        inspect('multi-app:1', architecture),
        inspect('multi-base:1', architecture),
      ]);
      expect(app).toMatchObject({ Architecture: architecture, Env: expect.arrayContaining(['APP=yes']) as string[] });
      expect(app.Layers.slice(0, base.Layers.length)).toEqual(base.Layers);
    }
    expect(await api('GET', '/builds/explain?image=multi-app:1&base=multi-base:1')).toMatchObject({ reason: 'made' });
  });
});

/** Debian's docker-registry, which tells our registry of what is pushed to it. */
async function startUpstream(): Promise<{ host: string; log: () => string; stop(): Promise<void> }> {
  const port = await freePort();
  const config = join(work.path, 'upstream.yml');
  await writeFile(
    config,
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${join(work.path, 'upstream')}}}\nhttp: {addr: ` +
      `"127.0.0.1:${port}"}\nnotifications: {endpoints: [{name: longshore, url: ` +
      `"${stack.url}/api/v1/bases/notify/distribution", timeout: 5s, threshold: 5, backoff: 1s}]}\n`,
  );
  const registry = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'pipe', 'ignore'] });
  let log = '';
  registry.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(registry, 'exit');
  const host = `127.0.0.1:${port}`;
  await vi.waitFor(
    async () => {
      expect((await fetch(`http://${host}/v2/`)).status).toBe(200);
    },
    { timeout: 10_000, interval: 100 },
  );
  return {
    host,
    log: () => log,
    async stop() {
      registry.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a task whose context is in git', () => {
  it('is built at the commit that a push to its branch has made, as soon as the host of the repository tells of it', async () => {
    const git = await startGitServer();
    try {
      await git.create('app');
      const commit = (version: string) =>
        git.commit('app', 'main', {
          'server/Dockerfile': `FROM ${host}/base:1\nCOPY version.txt /app.txt\n`,
          'server/version.txt': version,
          'server/linked': { to: '/etc/hostname' },
        });
      await commit('one');
      await api('PUT', '/tasks/in-git', { image: 'in-git:1', context: { git: git.url('app'), folder: 'server' } });
      const { secret } = (await api('PUT', '/tasks/in-git/hook', {})) as { secret: string };
      const head = await commit('two');
      const count = (await builds()).length;
      const body = JSON.stringify({ ref: 'refs/heads/main', after: head });
      const told = await fetch(`${stack.url}/api/v1/tasks/in-git/hook`, {
        method: 'POST',
        headers: { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` },
        body,
      });
      expect(told.status).toBe(202);
      expect(await finished(count + 1)).toMatchObject({ images: 1, counts: { succeeded: 1 } });
      expect(await run('in-git:1', '/bin/busybox', 'cat', '/app.txt')).toBe('two');
      const manifest = JSON.parse(
        await command('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${host}/in-git:1`]),
      ) as { annotations: Record<string, string> };
      expect(manifest.annotations).toMatchObject({
        'org.opencontainers.image.revision': head,
        'org.opencontainers.image.source': git.url('app'),
      });
    } finally {
      await git.stop();
    }
  });

  it('is refused when its Dockerfile is a link that leads out of it', async () => {
    const context = await contextOf(`FROM ${host}/base:1\n`, 'linked');
    const outside = join(work.path, 'outside');
    await writeFile(outside, `FROM ${host}/base:1\n`);
    await command('ln', ['-sf', outside, join(context, 'Linked')]);
    const runner = buildahRunner(sandboxed());
    const tar = join(work.path, 'linked.tar');
    await command('tar', ['-cf', tar, '-C', context, '.']);
    const job = {
      id: 'linked',
      context: new Blob([await readFile(tar)]).stream(),
      annotations: {},
      secrets: {},
      dockerfile: 'Linked',
      pins: {},
      arguments: {},
      platform: 'linux/amd64',
      plainHosts: [host],
      ownHosts: [host],
      timeoutMs: 60_000,
    };
    expect(await runner.build(job, () => undefined, new AbortController().signal)).toEqual({
      is: 'failed',
      why: 'Linked lies outside of the context',
    });
  });
});

describe('buildah on this machine', () => {
  const jobOf = async (
    name: string,
    dockerfile: string,
    more: object,
    files: Readonly<Record<string, Buffer>> = {},
  ) => {
    const [tar, context] = [join(work.path, `${name}.tar`), await contextOf(dockerfile, name)];
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(context, file), bytes);
    await command('tar', ['-cf', tar, '-C', context, '.']);
    return {
      id: name,
      context: new Blob([await readFile(tar)]).stream(),
      annotations: {},
      secrets: {},
      dockerfile: 'Dockerfile',
      pins: {},
      arguments: {},
      platform: 'linux/amd64',
      plainHosts: [host],
      ownHosts: [host],
      timeoutMs: 60_000,
      ...more,
    };
  };

  it('gives a secret to the step that asks for it, and leaves it in no layer, argument or history', async () => {
    let log = '';
    const job = await jobOf(
      'secret',
      `FROM ${host}/base:1\nRUN --mount=type=secret,id=npm ["/bin/busybox", "sh", "-c", "/bin/busybox sha256sum ` +
        '/run/secrets/npm; /bin/busybox test ! -e /secrets"]\n',
      { secrets: { npm: 'a-secret-value' } },
    );
    const built = await buildahRunner(sandboxed({ stores: await storesOf(stack.url, 'base') })).build(
      job,
      (text) => {
        log += text;
      },
      new AbortController().signal,
    );
    if (built.is === 'failed') throw new Error(`${built.why}: ${log}`);
    expect(log).toContain(createHash('sha256').update('a-secret-value').digest('hex'));
    expect(log).not.toContain('a-secret-value');
    const { layers, config } = JSON.parse(Buffer.from(built.image.manifest).toString()) as {
      layers: { digest: string }[];
      config: { digest: string };
    };
    for (const { digest } of [...layers, config]) {
      const bytes = Buffer.from(await new Response(built.image.openBlob(digest as never)).arrayBuffer());
      expect((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).includes('a-secret-value')).toBe(false);
    }
    await built.image.discard();
  });

  it('says what is missing when a step is for another processor', async () => {
    const job = await jobOf(
      'foreign',
      `FROM ${host}/base:1\nCOPY --chmod=755 foreign /bin/foreign\nRUN ["/bin/foreign"]\n`,
      {},
      {
        foreign: Buffer.concat([
          Buffer.from('7f454c4602010100', 'hex'),
          Buffer.alloc(8),
          Buffer.from('0200b700', 'hex'),
          Buffer.alloc(100),
        ]),
      },
    );
    expect(
      await buildahRunner(sandboxed({ stores: await storesOf(stack.url, 'base') })).build(
        job,
        () => undefined,
        new AbortController().signal,
      ),
    ).toMatchObject({ is: 'failed', why: expect.stringContaining('qemu-user-static') as string });
  });

  it('builds a Dockerfile that names its base by digest with the digest that the tag has by now', async () => {
    await pushed('pinned-base:1', baseFile, 'one');
    const count = (await builds()).length;
    await task(
      'pinned',
      `ARG BASE=${host}/pinned-base:1@${await digestOf('pinned-base:1')}\nFROM \${BASE}\nRUN ["/bin/busybox", "touch", "/pinned"]\n`,
      { pins: 'bump' },
    );
    await pushed('pinned-base:1', baseFile, 'two');
    expect(await finished(count + 1)).toMatchObject({ images: 1, counts: { succeeded: 1 } });
    expect(await run('pinned:1', '/bin/busybox', 'cat', '/base.txt')).toBe('two');
    const { annotations } = JSON.parse(
      await command('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${host}/pinned:1`]),
    ) as { annotations: Record<string, string> };
    expect(annotations['org.opencontainers.image.base.digest']).toBe(await digestOf('pinned-base:1'));
  });

  it('ends with everything that it has started when its build is cancelled', async () => {
    const cancelled = new AbortController();
    const building = buildahRunner(sandboxed({ stores: await storesOf(stack.url, 'base') })).build(
      await jobOf('sleeping', `FROM ${host}/base:1\nRUN ["/bin/busybox", "sleep", "987"]\n`, {}),
      () => undefined,
      cancelled.signal,
    );
    building.catch(() => undefined);
    const sleeping = async () =>
      (await command('sh', ['-c', 'ps -eo args | grep "^/bin/busybox sleep 987" || true'])).trim();
    await vi.waitFor(
      async () => {
        expect(await sleeping()).not.toBe('');
      },
      { timeout: 30_000, interval: 100 },
    );
    cancelled.abort();
    await expect(building).rejects.toThrow();
    await vi.waitFor(
      async () => {
        expect(await sleeping()).toBe('');
      },
      { timeout: 5_000, interval: 100 },
    );
  });
});

describe('a task for two platforms', () => {
  it('makes an index, of which each client pulls its own', async () => {
    const count = (await builds()).length;
    await task('two', 'FROM scratch\nCOPY version.txt /v\n', { platforms: ['linux/amd64', 'linux/arm64'] });
    await api('POST', '/tasks/two/run');
    expect(await finished(count + 1)).toMatchObject({ counts: { succeeded: 1 } });
    for (const architecture of ['amd64', 'arm64'])
      expect(
        JSON.parse(
          await command('skopeo', [
            'inspect',
            '--tls-verify=false',
            '--override-arch',
            architecture,
            `docker://${host}/two:1`,
          ]),
        ),
      ).toMatchObject({ Architecture: architecture });
  });
});

describe('a base of another registry', () => {
  it('has the image on it built anew as soon as that registry tells of a push', async () => {
    const upstream = await startUpstream();
    try {
      const push = async (version: string) => {
        await buildah(
          'bud',
          '--isolation',
          'chroot',
          '--format',
          'oci',
          '-t',
          'localhost/upstream',
          await contextOf(baseFile, version),
        );
        await buildah('push', '--tls-verify=false', 'localhost/upstream', `docker://${upstream.host}/lib/base:1`);
      };
      await push('one');
      await task('follower', `FROM ${upstream.host}/lib/base:1\n`);
      const count = (await builds()).length;
      await api('POST', '/tasks/follower/run');
      expect(await finished(count + 1)).toMatchObject({ counts: { succeeded: 1 } });
      // Pushed again as it is, so that it is looked at, and known.
      await buildah('push', '--tls-verify=false', 'localhost/upstream', `docker://${upstream.host}/lib/base:1`);
      await new Promise((passed) => setTimeout(passed, 2_000));
      expect(await builds()).toHaveLength(count + 1);
      await push('two');
      const at = Date.now();
      const build = await finished(count + 2);
      console.log(`built anew ${Date.now() - at} ms after the push to the other registry`);
      expect(build).toMatchObject({ images: 1, counts: { succeeded: 1 } });
      expect(await run('follower:1', '/bin/busybox', 'cat', '/base.txt')).toBe('two');
    } finally {
      await upstream.stop();
    }
  });

  it('gets no more requests in a minute than are allowed, with nine hundred of its tags watched and told of', async () => {
    const upstream = await startUpstream();
    try {
      const tags = Array.from({ length: 900 }, (_, n) => `t${n}`);
      // An image has at most 40 bases.
      for (let from = 0; from < 900; from += 36) {
        const some = tags.slice(from, from + 36);
        await task(
          `many-${from}`,
          [
            ...some.map((tag) => `FROM ${upstream.host}/lib/many:${tag} AS ${tag}`),
            'FROM scratch',
            ...some.map((tag) => `COPY --from=${tag} / /`),
          ].join('\n'),
        );
      }
      // Without an image its budget is the same, and it is asked again for each that is told of.
      const told = (from: number) =>
        api('POST', '/bases/notify/distribution', {
          events: tags.slice(from, from + 100).map((tag) => ({
            action: 'push',
            target: { repository: 'lib/many', tag },
            request: { host: upstream.host },
          })),
        });
      for (let from = 0; from < 900; from += 100) expect(await told(from)).toEqual({ watched: 100 });
      const looks = () => [
        ...upstream.log().matchAll(/\[(\S+):\d\d [^\]]*\] "HEAD \/v2\/lib\/many\/manifests\/(\S+) /g),
      ];
      await vi.waitFor(
        () => {
          expect(looks().length).toBeGreaterThanOrEqual(looksPerMinute);
        },
        { timeout: 30_000, interval: 200 },
      );
      await new Promise((passed) => setTimeout(passed, 4_000));
      const byMinute = Map.groupBy(looks(), ([, minute]) => minute);
      for (const { length } of byMinute.values()) expect(length).toBeLessThanOrEqual(looksPerMinute);
      expect(new Set(looks().map(([, , tag]) => tag)).size).toBe(looks().length);
    } finally {
      await upstream.stop();
    }
  });
});
