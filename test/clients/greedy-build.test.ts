import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { sandboxed } from './builder.ts';
import { command } from './command.ts';
import { built, contextOf, host, jobOf, stack, unreached, work } from './hostile-stack.ts';
import { manage, pushBlobTo } from './regions.ts';

describe('a build that takes too much', () => {
  const others = async () => {
    const began = performance.now();
    expect((await fetch(`${stack.url}/v2/team/base/manifests/1`)).status).toBe(200);
    return performance.now() - began;
  };
  const run = (text: string) => `FROM ${host}/team/base:1\nRUN ["/bin/busybox", "sh", "-c", ${JSON.stringify(text)}]\n`;

  it.each([
    ['memory', 'x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done', 'memory=192MiB', /killed|exit code 137/],
    [
      'memory and files of it',
      '/bin/busybox dd if=/dev/zero of=/dev/shm/x bs=1M; x=a; while true; do x=$x$x; done',
      'memory=192MiB',
      /killed|exit code 137/,
    ],
    [
      'processes',
      'bomb() { bomb | bomb & bomb; }; bomb; /bin/busybox sleep 20; exit 1',
      'pids=128',
      /can't fork|temporarily unavailable/,
    ],
    ['disk', '/bin/busybox dd if=/dev/zero of=/x bs=1M; exit 1', 'disk=256MiB', /used more than the 256 MiB of disk/],
    [
      'many small files',
      'i=0; while true; do [ $((i%1000)) -eq 0 ] && /bin/busybox mkdir -p /d/$((i/1000)); echo x > /d/$((i/1000))/$i; i=$((i+1)); done',
      'disk=96MiB',
      /used more than the 96 MiB of disk/,
    ],
    ['time', '/bin/busybox sleep 500', '', /took longer than 30 s/],
  ])('by %s fails within its limits, and leaves the others alone', async (name, text, limits, because) => {
    const building = built(
      await jobOf(`much-${name.replaceAll(' ', '-')}`, run(text), { timeoutMs: 30_000 }),
      sandboxed({ limits }),
    );
    const times: number[] = [];
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        times.push(await others());
        await new Promise((passed) => setTimeout(passed, 100));
      }
    })();
    const { outcome, log } = await building;
    over.abort();
    await watching;
    console.log(
      `${name}: ${outcome.is === 'failed' ? outcome.why : 'built'}; slowest pull beside it ${Math.round(Math.max(...times))} ms`,
    );
    expect(outcome.is).toBe('failed');
    expect(`${log}${outcome.is === 'failed' ? outcome.why : ''}`).toMatch(because);
    expect(Math.max(...times)).toBeLessThan(5_000);
    await vi.waitFor(
      async () => {
        expect(await command('sh', ['-c', 'ps -eo uid,args | grep "^ *10[0-9]\\{5\\} " || true'])).toBe('');
      },
      { timeout: 10_000, interval: 200 },
    );
  });
});

describe('an ordinary task on a base that somebody else has pushed', () => {
  it('gives nothing of the machine away, end to end', async () => {
    const context = await contextOf('ordinary', `FROM ${host}/team/base:1\nRUN make everything\n`);
    await command('tar', ['-czf', join(work.path, 'ordinary.tgz'), '-C', context, '.']);
    const bytes = await readFile(join(work.path, 'ordinary.tgz'));
    await pushBlobTo(stack.url, 'contexts', bytes);
    await manage(stack.url, 'PUT', '/tasks/ordinary', {
      image: 'ordinary:1',
      context: { repository: 'contexts', digest: digestOf(bytes) },
      test: { command: ['/attack'] },
    });
    await manage(stack.url, 'POST', '/tasks/ordinary/run');
    const finished = await vi.waitFor(
      async () => {
        const { items: builds } = (await manage(stack.url, 'GET', '/builds')) as {
          items: { id: string; state: string; counts: Record<string, number> }[];
        };
        expect(builds.map(({ state }) => state)).toEqual(['finished']);
        return builds[0];
      },
      { timeout: 120_000, interval: 500 },
    );
    expect(finished?.counts).toMatchObject({ succeeded: 1 });
    const log = await (await fetch(`${stack.url}/api/v1/builds/${finished?.id ?? ''}/log?image=ordinary:1`)).text();
    expect(log.split('ATTACK ENDS').length).toBe(3);
    await unreached(log);
  });
});
