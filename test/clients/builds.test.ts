import { createHash, createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { startGitServer } from '../contracts/git-server.ts';
import { sandboxed, storesOf } from './builder.ts';
import {
  api,
  baseFile,
  buildah,
  builds,
  contextOf,
  digestOf,
  finished,
  host,
  learned,
  pushed,
  run,
  stack,
  task,
  work,
} from './builds-stack.ts';
import { command } from './command.ts';

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
    const { items: nodes } = (await api('GET', `/builds/${build.id}`)) as {
      items: { image: string; endedAt: string; waitsFor: string[] }[];
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
    const { items: nodes } = (await api('GET', `/builds/${build.id}`)) as {
      items: { startedAt: string; endedAt: string }[];
    };
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
      why: 'Linked is outside of the context',
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
