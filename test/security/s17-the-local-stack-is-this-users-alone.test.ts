import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosmosClient } from '@azure/cosmos';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WELL_KNOWN_KEY } from '../../emulators/cosmos/emulator.ts';
import { connectionString, devstoreAccount } from '../../local/azurite/accounts.ts';
import type { StackKeys } from '../../local/stack/stack-keys.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { freePort } from '../local/stack/free-port.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { runToEnd, startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

const names = ['COSMOS', 'BLOB', 'QUEUE', 'EVENTGRID'] as const;
const ports = Object.fromEntries(
  await Promise.all(names.map(async (name) => [name, await freePort()] as const)),
) as Record<(typeof names)[number], number>;
const at = (name: (typeof names)[number], path = '') => `http://127.0.0.1:${ports[name]}${path}`;

let required: RequiredStack;
let keys: StackKeys;
beforeAll(async () => {
  required = await startRequiredStack(
    Object.fromEntries(names.map((name) => [`LONGSHORE_${name}_PORT`, String(ports[name])])),
  );
  keys = JSON.parse(readFileSync(join(required.folder, 'state', 'keys.json'), 'utf8')) as StackKeys;
}, 120_000);
afterAll(() => required.stop());

const admin = () => `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}`;

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'allowed',
    (error: unknown) =>
      (error as { statusCode?: number; code?: number }).statusCode ?? (error as { code?: number }).code,
  );
}

describe('the services of a stack with login', () => {
  it('refuse the keys that everybody knows', async () => {
    const known = connectionString(
      devstoreAccount,
      at('BLOB', `/${devstoreAccount.name}`),
      at('QUEUE', `/${devstoreAccount.name}`),
    );
    expect(
      await refusal(
        new CosmosClient({ endpoint: at('COSMOS', '/'), key: WELL_KNOWN_KEY }).databases.readAll().fetchAll(),
      ),
    ).toBe(401);
    expect(
      await refusal(
        BlobServiceClient.fromConnectionString(known, { retryOptions: { maxTries: 1 } })
          .getContainerClient('registry')
          .getProperties(),
      ),
    ).toBe(403);
    expect(
      await refusal(QueueServiceClient.fromConnectionString(known, { retryOptions: { maxTries: 1 } }).getProperties()),
    ).toBe(403);
    for (const [name, value] of [
      ['aeg-sas-key', Buffer.from('longshore-local-event-grid-key-1').toString('base64')],
      ['aeg-sas-key', ''],
      ['accept', '*/*'],
    ] as const) {
      expect(
        (
          await fetch(at('EVENTGRID', '/api/events'), {
            method: 'POST',
            headers: { [name]: value, 'content-type': 'application/cloudevents-batch+json' },
            body: '[]',
          })
        ).status,
      ).toBe(401);
    }
  });

  it('open with those of the state folder, none of which is another or a published one', async () => {
    const all = [
      keys.uploadKey,
      keys.secretKey,
      keys.cosmosKey,
      keys.storageKey,
      keys.functionsKey,
      ...keys.eventGridKeys,
    ];
    expect(new Set([...all, WELL_KNOWN_KEY, devstoreAccount.key]).size).toBe(all.length + 2);
    const own = connectionString(
      { ...devstoreAccount, key: keys.storageKey },
      at('BLOB', `/${devstoreAccount.name}`),
      at('QUEUE', `/${devstoreAccount.name}`),
    );
    expect(
      await refusal(
        new CosmosClient({ endpoint: at('COSMOS', '/'), key: keys.cosmosKey }).databases.readAll().fetchAll(),
      ),
    ).toBe('allowed');
    expect(
      await refusal(BlobServiceClient.fromConnectionString(own).getContainerClient('registry').getProperties()),
    ).toBe('allowed');
  });

  it('give blobs by signed addresses that still work, and not without the signature', async () => {
    const bytes = Buffer.from('behind a signature');
    const pushed = await fetch(`${required.stack.url}/v2/team/app/blobs/uploads/?digest=${digestOf(bytes)}`, {
      method: 'POST',
      headers: { authorization: admin() },
      body: bytes,
    });
    expect(pushed.status).toBe(201);
    for (const url of [required.stack.url, required.stack.functionsUrl]) {
      const { headers } = await fetch(`${url}/v2/team/app/blobs/${digestOf(bytes)}`, {
        headers: { authorization: admin() },
        redirect: 'manual',
      });
      const location = new URL(headers.get('location') ?? '');
      expect(await (await fetch(location)).text()).toBe(bytes.toString());
      location.search = '';
      expect((await fetch(location)).status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('the address that events are delivered to', () => {
  const event = {
    id: 'forged',
    source: '/longshore',
    specversion: '1.0',
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    subject: 'team/app:v1',
    time: new Date().toISOString(),
    data: {},
  };
  const deliver = (query: string, path = '/runtime/webhooks/eventgrid') =>
    fetch(`${required.stack.functionsUrl}${path}?functionName=webhooks-dispatch${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', 'aeg-event-type': 'Notification' },
      body: JSON.stringify(event),
    });

  it('takes no event without its key, in any spelling, for any function and by any method', async () => {
    for (const query of [
      '',
      '&code=',
      '&code=wrong',
      `&code=${encodeURIComponent(keys.secretKey)}`,
      `&Code=${encodeURIComponent(keys.functionsKey)}`,
      `&code=wrong&code=${encodeURIComponent(keys.functionsKey)}`,
    ]) {
      for (const path of [
        '/runtime/webhooks/eventgrid',
        '/runtime/webhooks/EventGrid',
        '/RUNTIME/webhooks/eventgrid',
        '/runtime/web%68ooks/eventgrid',
      ])
        expect((await deliver(query, path)).status, `${path}${query}`).toBe(401);
      // An encoded slash is none, as on the real host: there is no such address.
      expect((await deliver(query, '/runtime%2Fwebhooks%2Feventgrid')).status, query).toBe(404);
    }
    for (const functionName of ['usage-record', 'purge-touched', 'there-is-none', ''])
      expect(
        (
          await fetch(`${required.stack.functionsUrl}/runtime/webhooks/eventgrid?functionName=${functionName}`, {
            method: 'OPTIONS',
            headers: { 'webhook-request-origin': 'eventgrid.azure.net' },
          })
        ).status,
      ).toBe(401);
  });

  it('takes what the topic delivers: a push is counted', async () => {
    const config = Buffer.from('{}');
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: [],
      }),
    );
    const send = (method: string, path: string, body: Buffer, type: string) =>
      fetch(`${required.stack.url}${path}`, {
        method,
        headers: { authorization: admin(), 'content-type': type },
        body: new Uint8Array(body),
      });
    expect(
      (await send('POST', `/v2/told/app/blobs/uploads/?digest=${digestOf(config)}`, config, 'application/octet-stream'))
        .status,
    ).toBe(201);
    expect(
      (await send('PUT', '/v2/told/app/manifests/v1', bytes, 'application/vnd.oci.image.manifest.v1+json')).status,
    ).toBe(201);
    const counted = async () =>
      (
        (await (
          await fetch(`${required.stack.url}/api/v1/usage?repository=told/app`, { headers: { authorization: admin() } })
        ).json()) as { images?: number }
      ).images;
    await expect.poll(counted, { timeout: 20_000, interval: 200 }).toBe(1);
  });

  it('writes its key into no log', () => {
    const state = join(required.folder, 'state');
    const secrets = [
      keys.functionsKey,
      keys.cosmosKey,
      keys.storageKey,
      keys.secretKey,
      keys.uploadKey,
      ...keys.eventGridKeys,
    ].flatMap((key) => [key, encodeURIComponent(key)]);
    for (const name of readdirSync(state).filter((each) => each.endsWith('.log'))) {
      const text = readFileSync(join(state, name), 'utf8');
      expect(
        secrets.filter((secret) => text.includes(secret)),
        name,
      ).toEqual([]);
    }
    expect(secrets.filter((secret) => required.stack.told().includes(secret))).toEqual([]);
  });
});

/** Returns the files and folders below a folder that other users may open. */
function openTo(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((each) => (statSync(each).mode & 0o077) !== 0);
}

describe('the state folder', () => {
  it('is closed to other users, with all that is in it', () => {
    const state = join(required.folder, 'state');
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(openTo(state)).toEqual([]);
  });

  it('of an earlier version is closed at the next start, keys and bytes stay', { timeout: 120_000 }, async () => {
    const { path, remove } = await stateFolder();
    const state = join(path, 'state');
    await mkdir(join(state, 'azurite'), { recursive: true, mode: 0o755 });
    await writeFile(join(state, '.gitignore'), '*\n', { mode: 0o644 });
    const old = Buffer.alloc(32, 7).toString('base64');
    await writeFile(
      join(state, 'keys.json'),
      JSON.stringify({ uploadKey: old, eventGridKeys: [old, old], secretKey: old }),
      { mode: 0o644 },
    );
    await writeFile(join(state, 'longshore.log'), 'what was logged\n', { mode: 0o644 });
    for (const name of ['', 'azurite']) await chmod(join(state, name), 0o755);
    const stack = await startRunningStack(state);
    expect([statSync(state).mode & 0o777, openTo(state)]).toEqual([0o700, []]);
    expect(JSON.parse(readFileSync(join(state, 'keys.json'), 'utf8'))).toMatchObject({
      uploadKey: old,
      secretKey: old,
    });
    expect(readFileSync(join(state, 'longshore.log'), 'utf8')).toContain('what was logged');
    expect(await stack.stop()).toBe(0);
    await remove();
  });

  it('that is open and holds something else is refused, and left as it is', { timeout: 60_000 }, async () => {
    const { path, remove } = await stateFolder();
    await writeFile(join(path, 'thesis.txt'), "not Longshore's");
    await chmod(path, 0o755);
    const { code, stderr } = await runToEnd(['--port', '0', '--functions-port', '0', '--state', path]);
    expect([code, statSync(path).mode & 0o777, readdirSync(path)]).toEqual([1, 0o755, ['thesis.txt']]);
    expect(stderr).toContain('choose a folder of its own with --state');
    await remove();
  });
});
