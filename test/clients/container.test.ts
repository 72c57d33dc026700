import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectionString, devstoreAccount } from '../../local/azurite/accounts.ts';
import { appSettings } from '../../local/stack/app-settings.ts';
import type { StackKeys } from '../../local/stack/stack-keys.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { freePort } from '../local/stack/free-port.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { Container } from './bytes-host.ts';
import { nodeBase, startContainer } from './bytes-host.ts';
import { command } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const image = 'localhost/longshore-host';

let required: RequiredStack;
let container: Container;
let bytesUrl: string;
let registry: string;

const buildah = (...args: string[]) =>
  command(
    'buildah',
    [
      '--storage-driver',
      'vfs',
      '--root',
      join(required.folder, 'storage'),
      '--runroot',
      join(required.folder, 'run'),
      ...args,
    ],
    { cwd: root },
  );
const local = () =>
  `containers-storage:[vfs@${join(required.folder, 'storage')}+${join(required.folder, 'run')}]${image}`;
const creds = () => `admin:${required.password}`;

/** The settings of the stack that runs on these ports. */
async function settingsOf(
  ports: Record<'cosmos' | 'blob' | 'queue' | 'eventGrid', number>,
): Promise<Record<string, string>> {
  const at = (port: number, path = '') => `http://127.0.0.1:${port}${path}`;
  const keys = JSON.parse(await readFile(join(required.folder, 'state', 'keys.json'), 'utf8')) as StackKeys;
  const { name } = devstoreAccount;
  const connection = connectionString(
    { name, key: keys.storageKey },
    at(ports.blob, `/${name}`),
    at(ports.queue, `/${name}`),
  );
  const endpoints = {
    name: 'local',
    cosmosRegion: 'Local',
    cosmos: { endpoint: at(ports.cosmos, '/'), key: keys.cosmosKey, database: 'longshore' },
    blob: { endpoint: '', connectionString: connection },
    queue: { endpoint: '', connectionString: connection },
    eventGrid: { endpoint: at(ports.eventGrid, '/api/events'), key: keys.eventGridKeys[0] },
    others: [],
  };
  // The image has no builder, and a start that is told of one would refuse it.
  const { LONGSHORE_RUNNER: _, ...settings } = appSettings(endpoints, { keys, auth: 'required', logLevel: 'info' });
  return settings;
}

/** As somebody builds it, but for the base, and as `runc` needs it to be run. */
async function buildImage(): Promise<string> {
  await command(process.execPath, [join(root, 'build.ts')]);
  const base = 'localhost/node-base';
  await mkdir(join(required.folder, 'base'));
  await buildah(
    'bud',
    '--isolation',
    'chroot',
    '--format',
    'oci',
    '-t',
    base,
    await nodeBase(join(required.folder, 'base')),
  );
  await buildah(
    'bud',
    '--isolation',
    'chroot',
    '--format',
    'oci',
    '--build-arg',
    `NODE_IMAGE=${base}`,
    '-t',
    image,
    '.',
  );
  const layout = join(required.folder, 'layout');
  await command('skopeo', ['copy', local(), `oci:${layout}:host`]);
  await command('umoci', ['unpack', '--image', `${layout}:host`, join(required.folder, 'bundle')]);
  return join(required.folder, 'bundle');
}

beforeAll(async () => {
  const ports = {
    cosmos: await freePort(),
    blob: await freePort(),
    queue: await freePort(),
    eventGrid: await freePort(),
    bytes: await freePort(),
  };
  bytesUrl = `http://127.0.0.1:${ports.bytes}`;
  required = await startRequiredStack({
    LONGSHORE_COSMOS_PORT: String(ports.cosmos),
    LONGSHORE_BLOB_PORT: String(ports.blob),
    LONGSHORE_QUEUE_PORT: String(ports.queue),
    LONGSHORE_EVENTGRID_PORT: String(ports.eventGrid),
    LONGSHORE_UPLOADS_URL: bytesUrl,
  });
  registry = new URL(required.stack.url).host;
  const bundle = await buildImage();
  container = await startContainer(bundle, `longshore-test-${process.pid}`, {
    ...(await settingsOf(ports)),
    LONGSHORE_UPLOADS_URL: bytesUrl,
    LONGSHORE_PUBLIC_URL: required.stack.url,
    LONGSHORE_HOST_PORT: String(ports.bytes),
    LONGSHORE_HOST_ADDRESS: '127.0.0.1',
    LONGSHORE_HOST_DRAIN_SECONDS: '20',
  });
});

afterAll(async () => {
  await container.stop();
  await required.stop();
});

const status = async (field: string) =>
  new RegExp(`^${field}:\\s+(.*)$`, 'm')
    .exec(await readFile(`/proc/${container.pid}/status`, 'utf8'))?.[1]
    ?.split(/\s+/);

describe('the container image', () => {
  it('runs as a user that is not root, may do nothing that root may, and cannot write to its root', async () => {
    expect(await status('Uid')).toEqual(['65532', '65532', '65532', '65532']);
    expect([await status('CapEff'), await status('CapBnd'), await status('NoNewPrivs')]).toEqual([
      ['0000000000000000'],
      ['0000000000000000'],
      ['1'],
    ]);
    const mounts = (await readFile(`/proc/${container.pid}/mountinfo`, 'utf8'))
      .split('\n')
      .map((line) => line.split(' '));
    expect(mounts.find(([, , , , place]) => place === '/')?.[5]?.split(',')).toContain('ro');
    expect(await readFile(`/proc/${container.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=1');
  });

  it('holds no more than Node and what npm run build made for it', async () => {
    const files = (await command('find', [join(required.folder, 'bundle', 'rootfs', 'app'), '-type', 'f']))
      .trim()
      .split('\n');
    const ofPortal = /\/app\/portal\/(?:assets\/)?[^/]+\.(?:html|css|js|json)(?:\.br|\.gz)?$/;
    expect(files.filter((file) => !file.endsWith('.mjs') && !ofPortal.test(file))).toEqual([]);
    expect(files.filter((file) => ofPortal.test(file))).not.toEqual([]);
    expect(
      (await command('du', ['-sb', join(required.folder, 'bundle', 'rootfs', 'app')])).split('\t').map(Number)[0],
    ).toBeLessThan(6_500_000); // 6.1 MB, of which the portal takes 0.4
  });

  it('says that all it depends on is up', async () => {
    const health = await fetch(`${bytesUrl}/healthz`);
    expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, 'up']);
  });

  it("takes the layers that skopeo pushes to the registry, by the upload's own URL, and gives them back", async () => {
    const [context, sent, back] = ['pushed', 'sent', 'back'].map((name) => join(required.folder, name)) as [
      string,
      string,
      string,
    ];
    await mkdir(context);
    await writeFile(join(context, 'random.bin'), randomBytes(9 * 1024 * 1024));
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY random.bin /\n');
    await buildah('bud', '--isolation', 'chroot', '--format', 'oci', '-t', 'localhost/pushed', context);
    const env = { REGISTRY_AUTH_FILE: join(required.folder, 'auth.json') };
    await command('skopeo', ['login', '--tls-verify=false', '-u', 'admin', '-p', required.password, registry], { env });
    await command(
      'skopeo',
      [
        'copy',
        '--dest-tls-verify=false',
        '--digestfile',
        sent,
        local().replace(image, 'localhost/pushed'),
        `docker://${registry}/clients/bytes:1`,
      ],
      { env },
    );
    await command('skopeo', [
      'copy',
      '--src-tls-verify=false',
      '--src-creds',
      creds(),
      `docker://${registry}/clients/bytes:1`,
      `dir:${back}`,
    ]);
    expect(digestOf(await readFile(join(back, 'manifest.json')))).toBe(await readFile(sent, 'utf8'));
    const taken = /"method":"(PATCH|PUT)","path":"\/v2\/clients\/bytes\/blobs\/uploads\//;
    expect(container.log()).toMatch(taken);
    const asked = await readFile(join(required.folder, 'state', 'longshore.log'), 'utf8');
    expect([/"method":"POST","path":"\/v2\/clients\/bytes\/blobs\/uploads\//.test(asked), taken.test(asked)]).toEqual([
      true,
      false,
    ]);
  });

  it('ends an upload that is under way when it is told to stop, and takes no other', async () => {
    const bytes = randomBytes(6 * 1024 * 1024);
    const admin = `Basic ${Buffer.from(creds()).toString('base64')}`;
    const started = await fetch(`${bytesUrl}/v2/clients/drained/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: admin },
    });
    const sending = request(`${started.headers.get('location') ?? ''}&digest=${digestOf(bytes)}`, {
      method: 'PUT',
      headers: { 'content-length': bytes.length },
    });
    const answered = once(sending, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
    sending.write(bytes.subarray(0, 1024 * 1024));
    await vi.waitFor(async () => {
      expect((await fetch(`${bytesUrl}/healthz`)).status).toBe(200);
    });
    const stopped = container.stop();
    await vi.waitFor(
      async () => {
        await expect(fetch(`${bytesUrl}/healthz`, { headers: { connection: 'close' } })).rejects.toThrow();
      },
      { timeout: 10_000 },
    );
    sending.end(bytes.subarray(1024 * 1024));
    const [answer] = await answered;
    answer.resume();
    expect([answer.statusCode, await stopped]).toEqual([201, 0]);
    expect(
      (
        await fetch(`${required.stack.url}/v2/clients/drained/blobs/${digestOf(bytes)}`, {
          method: 'HEAD',
          headers: { authorization: admin },
        })
      ).status,
    ).toBe(200);
  });
});
