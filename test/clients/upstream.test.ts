import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  api,
  baseFile,
  buildah,
  builds,
  contextOf,
  finished,
  looksPerMinute,
  run,
  stack,
  task,
  work,
} from './builds-stack.ts';

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
