import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { reachOf } from '../../shared/core/outbound/public-address.ts';
import { sandboxed } from './builder.ts';
import { command } from './command.ts';
import {
  addresses,
  built,
  canary,
  canaryPort,
  contextOf,
  deep,
  host,
  jobOf,
  secrets,
  storage,
  stores,
  tried,
  unreached,
  work,
} from './hostile-stack.ts';

describe('a step that a hostile base runs', () => {
  it('reaches no file, process, port or key of the machine', async () => {
    const { log, outcome } = await built(await jobOf('victim', `FROM ${host}/team/base:1\nRUN make everything\n`));
    expect(log).toContain('ATTACK ENDS');
    await unreached(log);
    expect(tried(log, 'processes')).not.toContain('buildah');
    expect(tried(log, 'network')).not.toMatch(/\beth|\btap|inet (?!127\.)/);
    expect(tried(log, 'ids').trim()).toMatch(/^0 +1 +65536$/);
    // The bounding set is CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID and SETUID, and nothing else.
    expect(tried(log, 'rights')).toMatch(/CapBnd:\s+00000000000000db/);
    expect(tried(log, 'rights')).toMatch(/NoNewPrivs:\s+1/);
    expect(outcome.is).toBe('built');
    if (outcome.is === 'built') await outcome.image.discard();
  });

  it('reaches nothing from the test of an image either', async () => {
    const { outcome } = await built(await jobOf('tested', `FROM ${host}/team/base:1\n`));
    if (outcome.is !== 'built') throw new Error(outcome.why);
    let log = '';
    const place = await buildahRunner(sandboxed({ stores })).build(
      await jobOf('tested-again', `FROM ${host}/team/base:1\n`),
      (text) => {
        log += text;
      },
      new AbortController().signal,
    );
    if (place.is !== 'built') throw new Error(place.why);
    expect(await place.image.test(['/attack'], 60_000)).toEqual({ is: 'passed' });
    expect(log).toContain('ATTACK ENDS');
    await unreached(log);
    expect(tried(log, 'rights')).toMatch(/CapBnd:\s+00000000000000db/);
    await Promise.all([outcome.image.discard(), place.image.discard()]);
  });

  it('is nobody of this machine while it runs', async () => {
    const cancelled = new AbortController();
    const building = buildahRunner(sandboxed({ stores })).build(
      await jobOf('nobody', `FROM ${host}/team/base:1\nRUN ["/bin/busybox", "sleep", "988"]\n`),
      () => undefined,
      cancelled.signal,
    );
    building.catch(() => undefined);
    const uid = async () =>
      (await command('sh', ['-c', 'ps -eo uid,args | grep "[/]bin/busybox sleep 988$" | head -1 || true']))
        .trim()
        .split(/\s+/)[0] ?? '';
    await vi.waitFor(
      async () => {
        expect(Number(await uid())).toBeGreaterThan(65_536);
      },
      { timeout: 30_000, interval: 100 },
    );
    cancelled.abort();
    await expect(building).rejects.toThrow();
    await vi.waitFor(
      async () => {
        expect(await uid()).toBe('');
      },
      { timeout: 5_000, interval: 100 },
    );
  });

  it('ends with the process that has started it, however that ends: nobody looks at its time and disk any more', async () => {
    const jobs = join(work.path, 'jobs-of-another');
    await mkdir(jobs);
    const archive = join(work.path, 'outlives.tar');
    await command('tar', [
      '-cf',
      archive,
      '-C',
      await contextOf('outlives', 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sleep", "989"]\n'),
      '.',
    ]);
    const registry = spawn(process.execPath, [fileURLToPath(new URL('build-once.ts', import.meta.url)), archive], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: jobs },
    });
    const running = () => command('sh', ['-c', 'ps -eo args | grep "^/bin/busybox sleep 989$" || true']);
    await vi.waitFor(
      async () => {
        expect(await running()).not.toBe('');
      },
      { timeout: 30_000, interval: 100 },
    );
    registry.kill('SIGKILL');
    await vi.waitFor(
      async () => {
        expect(await running()).toBe('');
      },
      { timeout: 5_000, interval: 100 },
    );
  });

  it('reaches nothing where steps are kept by a chroot in the sandbox', async () => {
    const { log, outcome } = await built(
      await jobOf('chrooted', `FROM ${host}/team/base:1\nRUN make everything\n`),
      sandboxed({ steps: 'chroot' }),
    );
    expect(tried(log, 'leave')).not.toBe('not tried');
    await unreached(log);
    if (outcome.is === 'built') await outcome.image.discard();
  });

  it('reaches no port of the machine where its network is opened', async () => {
    const { log, outcome } = await built(
      await jobOf('opened', `FROM ${host}/team/base:1\nRUN make everything\n`),
      sandboxed({ network: 'public' }),
    );
    expect(log).toContain('ATTACK ENDS');
    expect(tried(log, 'proxy')).toMatch(/403|forbidden/i);
    expect(tried(log, 'registry')).not.toContain('repositories');
    await unreached(log);
    if (outcome.is === 'built') await outcome.image.discard();
  });
});

describe('a hostile Dockerfile', () => {
  const cases: [string, () => string][] = [
    [
      'ADD of a port of this machine',
      () =>
        `FROM ${host}/team/base:1\nADD http://127.0.0.1:${canaryPort()}/add /add\nRUN ["/bin/busybox", "cat", "/add"]\n`,
    ],
    [
      "ADD of this machine's other address",
      () =>
        `FROM ${host}/team/base:1\nADD http://${addresses()[0] ?? '10.0.0.1'}:${canaryPort()}/add /add\nRUN ` +
        '["/bin/busybox", "cat", "/add"]\n',
    ],
    [
      'ADD of a metadata service',
      () =>
        `FROM ${host}/team/base:1\nADD http://169.254.169.254/latest/meta-data/ /add\nRUN ["/bin/busybox", "cat", "/add"]\n`,
    ],
    ['FROM a port of this machine', () => `FROM 127.0.0.1:${canaryPort()}/team/base:1\n`],
    [
      'COPY --from a port of this machine',
      () => `FROM ${host}/team/base:1\nCOPY --from=127.0.0.1:${canaryPort()}/x:1 / /\n`,
    ],
    ['a syntax directive', () => `# syntax=127.0.0.1:${canaryPort()}/frontend:1\nFROM scratch\nCOPY Dockerfile /\n`],
    [
      'COPY of files of the machine',
      () =>
        `FROM ${host}/team/base:1\nCOPY ../../../../../../..${canary} /stolen\nRUN ["/bin/busybox", "cat", "/stolen"]\n`,
    ],
    [
      'a mount of a link to the root',
      () =>
        `FROM scratch AS evil\nCOPY --from=${host}/team/base:1 /bin/busybox /bin/busybox\nFROM ` +
        `${host}/team/base:1 AS linked\nRUN ["/bin/busybox", "ln", "-s", "/", "/out"]\nFROM ` +
        `${host}/team/base:1\nRUN --mount=type=bind,from=linked,source=/out,target=/host,rw ["/bin/busybox", ` +
        `"sh", "-c", "/bin/busybox cat /host${canary} /host/login/auth.json /host/secrets/0; ` +
        `/bin/busybox ls -la /host /host/login; echo x > /host/job/planted"]\n`,
    ],
    [
      'a cache that leads out',
      () =>
        `FROM ${host}/team/base:1\nRUN --mount=type=cache,id=../../../../../../..,target=/host ` +
        `["/bin/busybox", "sh", "-c", "/bin/busybox find /host -maxdepth 3; ` +
        `/bin/busybox cat /host/login/auth.json /host${canary}"]\n`,
    ],
    [
      'a cache of a source outside',
      () =>
        `FROM ${host}/team/base:1\nRUN --mount=type=cache,source=../../../../../../../../login,target=/host ` +
        `["/bin/busybox", "sh", "-c", "/bin/busybox cat /host/auth.json"]\n`,
    ],
    ['a network of its own choice', () => `FROM ${host}/team/base:1\nRUN --network=host make everything\n`],
    ['rights of its own choice', () => `FROM ${host}/team/base:1\nRUN --security=insecure make everything\n`],
    [
      'a volume at a place of the machine',
      () => `FROM ${host}/team/base:1\nVOLUME ["/proc", "/login", "/job"]\nRUN make everything\n`,
    ],
    ['a user of its own choice', () => `FROM ${host}/team/base:1\nUSER 4294967294:0\nRUN make everything\n`],
    [
      "secrets that are not the job's",
      () =>
        `FROM ${host}/team/base:1\nRUN --mount=type=secret,id=../login/auth.json ` +
        '["/bin/busybox", "sh", "-c", "/bin/busybox find /run; /bin/busybox cat /run/secrets/*"]\n',
    ],
  ];

  it.each(cases)('with %s reaches nothing of the machine', async (name, dockerfile) => {
    const { log, outcome } = await built(
      await jobOf(name.replaceAll(/[^a-z]/gi, '-'), dockerfile(), { secrets: { npm: secrets.secret } }),
    );
    await unreached(log + (outcome.is === 'failed' ? outcome.why : ''));
    if (outcome.is === 'built') await outcome.image.discard();
  });

  it.each([
    ['Dockerfile', '/login/auth.json'],
    ['Dockerfile', '/proc/self/environ'],
    ['.dockerignore', '/login/auth.json'],
    ['.containerignore', '/secrets/0'],
    ['copied', '/login/auth.json'],
    ['copied', '/proc/1/environ'],
  ])('whose %s is a link to %s shows nothing of it', async (file, to) => {
    const name = `link-${file}-${to}`.replaceAll(/[^a-z]/gi, '-');
    const context = await contextOf(
      name,
      `FROM ${host}/team/base:1\nCOPY copied* /copied/\nRUN ["/bin/busybox", "sh", "-c", ` +
        '"/bin/busybox find /copied; /bin/busybox cat /copied/*; /bin/busybox find / -xdev -name environ"]\n',
      { copied: 'mine' },
    );
    await command('ln', ['-sf', to, join(context, file)]);
    await command('tar', ['-cf', join(work.path, `${name}.tar`), '-C', context, '.']);
    const job = {
      ...(await jobOf('unused', 'FROM scratch\n')),
      secrets: { npm: secrets.secret },
      context: new Blob([await readFile(join(work.path, `${name}.tar`))]).stream(),
    };
    const { log, outcome } = await built(job);
    await unreached(log + (outcome.is === 'failed' ? outcome.why : ''));
    if (outcome.is === 'built') await outcome.image.discard();
  });

  it.each(['/login/auth.json', '/secrets/0', '/proc/self/environ'])(
    'that is a link to what the C preprocessor is run over shows nothing of %s',
    async (file) => {
      const context = await contextOf(`cpp${file.replaceAll('/', '-')}`, 'FROM scratch\n', {
        'evil.in': `FROM ${host}/team/base:1\n#include "${file}"\n`,
      });
      await command('ln', ['-sf', 'evil.in', join(context, 'Dockerfile')]);
      const archive = `${context}.tar`;
      await command('tar', ['-cf', archive, '-C', context, '.']);
      const { log, outcome } = await built({
        ...(await jobOf('unused', 'FROM scratch\n')),
        secrets: { npm: secrets.secret },
        access: { logins: [{ host, user: 'job', password: secrets.login }], abroad: [] },
        context: new Blob([await readFile(archive)]).stream(),
      });
      expect(outcome).toMatchObject({ is: 'failed', why: expect.stringContaining('preprocessor') as string });
      expect(log).not.toMatch(/auths|canary|PATH=/i);
    },
  );

  it('that is there twice, and once too large to be read, is not read', async () => {
    const [old, moved] = [digestOf(Buffer.from('old')), digestOf(Buffer.from('moved'))];
    const context = await contextOf('twice', `FROM ${host}/team/base:1@${old}\n`);
    await command('tar', ['-cf', `${context}.tar`, '-C', context, '.']);
    await writeFile(join(context, 'Dockerfile'), Buffer.alloc(2 * 1024 ** 2, '#'));
    await command('tar', ['-rf', `${context}.tar`, '-C', context, './Dockerfile']);
    const { outcome } = await built({
      ...(await jobOf('unused', 'FROM scratch\n')),
      pins: { [old]: moved },
      context: new Blob([await readFile(`${context}.tar`)]).stream(),
    });
    expect(outcome).toMatchObject({ is: 'failed', why: 'Dockerfile has more than 1048576 bytes' });
  });

  it('leaves nothing behind, however deep its folders are when it is stopped', async () => {
    vi.stubEnv('TMPDIR', join(work.path, 'jobs'));
    await mkdir(join(work.path, 'jobs'));
    const { log, outcome } = await built(
      await jobOf('deep', `FROM ${host}/team/base:1\nCOPY deep /deep\nRUN ["/deep"]\n`, { timeoutMs: 8_000 }, { deep }),
    );
    expect(outcome).toMatchObject({ is: 'failed', why: expect.stringContaining('took longer') as string });
    expect(log).not.toContain('could not be removed');
    expect(await readdir(join(work.path, 'jobs'))).toEqual([]);
    vi.stubEnv('TMPDIR', undefined);
  });

  it('reaches nothing by what its base has it add', async () => {
    const context = await contextOf(
      'onbuild',
      `FROM ${host}/team/base:1\nONBUILD ADD http://127.0.0.1:${canaryPort()}/onbuild /onbuild\n` +
        'ONBUILD RUN ["/bin/busybox", "cat", "/onbuild"]\n',
    );
    await command('buildah', [
      ...storage(),
      'bud',
      '--isolation',
      'chroot',
      '--tls-verify=false',
      '--format',
      'docker',
      '-t',
      'localhost/onbuild',
      context,
    ]);
    await command('buildah', [
      ...storage(),
      'push',
      '--tls-verify=false',
      '--format',
      'v2s2',
      'localhost/onbuild',
      `docker://${host}/team/onbuild:1`,
    ]);
    const { log, outcome } = await built(await jobOf('on-built', `FROM ${host}/team/onbuild:1\n`));
    expect(outcome.is).toBe('failed');
    await unreached(log);
  });

  it('is sent to no other place by a registry that it names', async () => {
    const realms: string[] = [];
    const evil = createServer((request, response) => {
      realms.push(request.url ?? '');
      response
        .writeHead(401, { 'www-authenticate': `Bearer realm="http://127.0.0.1:${canaryPort()}/token",service="x"` })
        .end();
    }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const evilHost = `127.0.0.1:${(evil.address() as AddressInfo).port}`;
    const { log, outcome } = await built(
      await jobOf('realm', `FROM ${evilHost}/x:1\n`, { plainHosts: [host, evilHost] }),
    );
    expect(outcome.is).toBe('failed');
    expect(realms.length).toBeGreaterThan(0);
    await unreached(log);
    // A realm on loopback is not asked at all, because the operator has not opened loopback.
    const asked = realms.length;
    await built(
      await jobOf('realm-closed', `FROM ${evilHost}/x:1\n`, { plainHosts: [host, evilHost] }),
      sandboxed({ reach: reachOf([]) }),
    );
    expect(realms).toHaveLength(asked);
    evil.close();
  });
});
