import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionString } from '../../local/azurite/accounts.ts';
import type { Gate } from '../../local/azurite/gate.ts';
import { startGate } from '../../local/azurite/gate.ts';
import { appSettings } from '../../local/stack/app-settings.ts';
import type { LocalRegion } from '../../local/stack/regions.ts';
import { localRegions } from '../../local/stack/regions.ts';
import type { ServicesProcess } from '../../local/stack/services-process.ts';
import { startServicesProcess } from '../../local/stack/services-process.ts';
import { parseSettings } from '../../local/stack/settings.ts';
import { stackKeys } from '../../local/stack/stack-keys.ts';
import { openStateFolder } from '../../local/stack/state-folder.ts';
import type { ComposedLongshore } from '../../shared/app/compose.ts';
import { compose } from '../../shared/app/compose.ts';
import { parseConfig } from '../../shared/app/config/config.ts';
import { catalogue } from '../../shared/core/events/catalogue.ts';
import { envelope } from '../../shared/core/events/envelope.ts';
import { stateFolder } from '../local/stack/running-stack.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../shared/image.ts';
import { runDue } from '../shared/run-due.ts';
import { digestOfAll, gibibyte, layerBytes, mebibyte } from './large-bodies.ts';

let second: LocalRegion | undefined;
const layer = { seed: 7, from: 0, to: gibibyte };
const blocks = Math.ceil(gibibyte / (100 * mebibyte));

interface Answered {
  readonly what: string;
  readonly status: number;
  readonly bytes: number;
}

let work: Awaited<ReturnType<typeof stateFolder>>;
let services: ServicesProcess;
let first: ComposedLongshore;
let gate: Gate;
let environment: Record<string, string>;
const answered: Answered[] = [];
let underWay = 0;
/** The copier of this life, and the blocks that it has asked for. */
let life: { readonly copier: ChildProcess; asked: number } | undefined;

beforeAll(async () => {
  work = await stateFolder();
  const state = join(work.path, 'state');
  const settings = parseSettings('start', ['--regions', '2', '--state', state], {});
  services = await startServicesProcess(settings, () => undefined);
  const keys = await stackKeys(openStateFolder(state), 'open', () => undefined);
  [, second] = localRegions(2, keys.storageKey);
  const own = { keys, auth: 'open', logLevel: 'error' };
  // The app is asked without a socket, by a name that is not this machine's.
  first = compose(parseConfig({ ...appSettings(services.endpoints, own), LONGSHORE_HOST_NAMES: 'any' }));
  const [region] = services.endpoints.others;
  if (region === undefined || second === undefined) throw new TypeError('there are two regions');
  // A gate in front of the storage shows what the worker asks of it.
  const blobPort = Number(new URL(region.blob.endpoint).port);
  gate = await startGate({
    blobPort,
    downFile: join(work.path, 'never'),
    came,
    answered: note,
  });
  const seen = connectionString(
    second.account,
    `http://127.0.0.1:${gate.port}/${second.account.name}`,
    region.queue.endpoint,
  );
  environment = { ...appSettings(services.endpoints, own, region), BLOB_CONNECTION_STRING: seen };
});

afterAll(async () => {
  await first.dispose();
  await gate.stop();
  await services.stop();
  await work.remove();
});

function came(request: IncomingMessage): void {
  underWay += 1;
  if (life === undefined || !isBlock(whatOf(request))) return;
  life.asked += 1;
  // The store may be slow: no life asks for a third block, or five lives would have too little to do.
  if (life.asked === 2) life.copier.kill('SIGKILL');
}

function note(request: IncomingMessage, answer: IncomingMessage): void {
  underWay -= 1;
  const what = whatOf(request);
  if (isBlock(what)) life?.copier.kill('SIGKILL');
  answered.push({
    what,
    status: answer.statusCode ?? 0,
    bytes: Number(request.headers['content-length'] ?? 0) + Number(answer.headers['content-length'] ?? 0),
  });
}

function whatOf(request: IncomingMessage): string {
  const { searchParams } = new URL(request.url ?? '/', 'http://gate');
  return [request.method ?? '', searchParams.get('comp') ?? '', searchParams.get('blockid') ?? ''].join(' ').trim();
}

const isBlock = (what: string) => what.startsWith('PUT block ');

/** Each later one lives in a later hour, so that the lease of the one that was killed is over. */
function startCopier(hours: number): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('copier.ts', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment, LONGSHORE_CLOCK_AHEAD_DAYS: String(hours / 24) },
  });
}

const fetched = () => answered.filter(({ what, status }) => isBlock(what) && status === 201);

async function plan(repository: string, digest: string): Promise<void> {
  const { example } = catalogue['Microsoft.ContainerRegistry.ImagePushed'];
  const about = { id: crypto.randomUUID(), time: new Date().toISOString(), source: '/longshore', subject: repository };
  await first.events['replication-plan'](
    envelope('Microsoft.ContainerRegistry.ImagePushed', about, {
      ...example,
      target: { ...example.target, repository: repository as never, digest: digest as never, tag: 'v1' as never },
    }),
  );
}

async function uploadLayer(repository: string): Promise<string> {
  const digest = await digestOfAll(layerBytes(layer));
  const started = await ask(first.app, 'POST', `/v2/${repository}/blobs/uploads/`);
  const url = `http://registry.test${started.headers.get('location') ?? ''}&digest=${digest}`;
  const body = ReadableStream.from(layerBytes(layer));
  const finished = await first.app.fetch(
    new Request(url, { method: 'PUT', body, duplex: 'half', headers: { 'content-length': String(gibibyte) } }),
  );
  if (finished.status !== 201) throw new Error(`PUT ${finished.status}: ${await finished.text()}`);
  return digest;
}

describe('the copy of a layer of 1 GiB to another region', () => {
  it('goes on where it was after each of five kills: no block is fetched twice, and no byte passes through a process', async () => {
    const digest = await uploadLayer('large/app');
    const image = makeImage('large', 0, {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: gibibyte }],
    });
    await pushImage(first.app, 'large/app', 'v1', image);
    expect(
      (
        await ask(first.app, 'PUT', `/api/v1/replicas/local-2`, {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ bytesPerSecond: 40 * mebibyte }),
        })
      ).status,
    ).toBe(200);
    await plan('large/app', image.digest);
    let kills = 0;
    for (; kills < 5 && fetched().length < blocks; kills += 1) {
      const before = fetched().length;
      life = { copier: startCopier(kills + 1), asked: 0 };
      const [, signal] = (await once(life.copier, 'exit')) as [number | null, NodeJS.Signals | null];
      expect(signal).toBe('SIGKILL');
      life = undefined;
      // Nobody takes over before the lease is over, and by then the store has ended what it was asked for.
      await expect.poll(() => underWay, { timeout: 60_000 }).toBe(0);
      expect(fetched().length).toBeGreaterThan(before);
    }
    expect(kills).toBe(5);
    const [code] = (await once(startCopier(kills + 1), 'exit')) as [number | null];
    expect(code).toBe(0);
    const times = Map.groupBy(fetched(), ({ what }) => what);
    const status = (await (
      await ask(first.app, 'GET', '/api/v1/replication/status?repository=large/app&tag=v1')
    ).json()) as { regions: { region: string; state: string }[] };
    expect(status.regions).toMatchObject([
      { region: 'local', state: 'complete' },
      { region: 'local-2', state: 'complete' },
    ]);
    // The config is one block beside.
    console.log(
      `${blocks} blocks and the config's: ${fetched().length} fetched in ${kills + 1} lives, ${answered.length} ` +
        `calls in all, ${answered.reduce((sum, { bytes }) => sum + bytes, 0)} bytes of bodies`,
    );
    expect(answered.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(64 * 1024);
    expect(times.size).toBe(blocks);
    expect(fetched()).toHaveLength(blocks + 1);
    const bytes = await BlobServiceClient.fromConnectionString(environment.BLOB_CONNECTION_STRING ?? '')
      .getContainerClient('registry')
      .getBlobClient(await nameOf(digest))
      .download();
    expect(await digestOfAll(bytes.readableStreamBody as AsyncIterable<Uint8Array>)).toBe(digest);
  }, 300_000);
});

/** Returns the blob name of the copy in the second region, found by its metadata. */
async function nameOf(digest: string): Promise<string> {
  for await (const blob of BlobServiceClient.fromConnectionString(environment.BLOB_CONNECTION_STRING ?? '')
    .getContainerClient('registry')
    .listBlobsFlat({ includeMetadata: true }))
    if (blob.metadata?.digest === digest) return blob.name;
  throw new Error(`no copy of ${digest}`);
}

const inSecond = () =>
  BlobServiceClient.fromConnectionString(environment.BLOB_CONNECTION_STRING ?? '').getContainerClient('registry');

async function countInSecond(): Promise<number> {
  let count = 0;
  for await (const _ of inSecond().listBlobsFlat()) count += 1;
  return count;
}

async function manage(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await ask(
    first.app,
    method,
    `/api/v1${path}`,
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  return (await answer.json()) as Record<string, unknown>;
}

/** The app of the second region, some days later; its timer goes until `isDone`. */
async function sweepSecond(days: number, isDone: () => Promise<boolean>): Promise<void> {
  const app = compose(parseConfig({ ...environment, LONGSHORE_CLOCK_AHEAD_DAYS: String(days) }));
  for (let sweeps = 0; !(await isDone()); sweeps += 1) {
    if (sweeps > 100) throw new Error('the region has still something to do');
    await app.timers['replication-sweep']();
    await runDue(app);
  }
  await app.dispose();
}

describe('a region that is added to a registry of a thousand images', () => {
  it('gets what its filters take in, shows how far it is, and holds nothing any more when it is removed', async () => {
    const [images, outside] = [1_000, 100];
    const before = await countInSecond();
    for (let n = 0; n < images; n += 1) {
      const image = makeImage(`image ${n}`, 0);
      const repository = n % (images / outside) === 0 ? 'scratch/app' : `team/app${n % 7}`;
      await pushBlob(first.app, repository, image.config);
      expect((await putManifest(first.app, repository, `v${n}`, image)).status).toBe(201);
    }
    expect(await countInSecond()).toBe(before);
    await manage('PUT', '/replicas/local-2', {
      filters: { repositories: { include: ['**'], exclude: ['scratch/**'] } },
    });
    const began = performance.now();
    const walked = async () => (await manage('GET', '/replicas/local-2')).walked as { images: number } | undefined;
    await sweepSecond(
      1,
      async () =>
        ((await walked())?.images ?? 0) > images - outside && (await countInSecond()) === before + images - outside,
    );
    console.log(`${images - outside} images copied in ${Math.round((performance.now() - began) / 1_000)} s`);
    const status = (await manage('GET', '/replication/status?repository=team/app1&tag=v1')).regions as object[];
    expect(status).toMatchObject([
      { region: 'local', state: 'complete' },
      { region: 'local-2', state: 'complete', verifiedAt: expect.any(String) as string },
    ]);
    expect((await manage('GET', '/replication/status?repository=scratch/app&tag=v0')).regions).toMatchObject([
      {},
      { state: 'filtered' },
    ]);
    await manage('DELETE', '/replicas/local-2');
    await sweepSecond(
      2,
      async () =>
        (await manage('GET', '/replicas/local-2')).removed !== undefined &&
        ((await manage('GET', '/replicas/local-2')).removed as { blobs: number }).blobs >= before + images - outside,
    );
    await sweepSecond(3, async () => 'errors' in (await manage('GET', '/replicas/local-2')));
    expect(await countInSecond()).toBe(0);
  }, 600_000);
});
