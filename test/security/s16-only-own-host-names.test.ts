import { connect } from 'node:net';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { hostNamesOf, parseConfig } from '../../shared/app/config/config.ts';
import { HostNames } from '../../shared/core/http/host-names.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { composeRequired } from '../shared/features/identity/required.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path, [], { LONGSHORE_PUBLIC_URL: 'http://registry.public:5000' });
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

async function raw(url: string, head: string): Promise<{ status: number; text: string }> {
  const { port } = new URL(url);
  const text = await new Promise<string>((resolve, reject) => {
    let got = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${head}\r\nConnection: close\r\n\r\n`));
    socket.setTimeout(10_000, () => socket.destroy());
    socket
      .on('data', (chunk: Buffer) => (got += chunk.toString('latin1')))
      .on('close', () => resolve(got))
      .on('error', reject);
  });
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
}

const hosts = () =>
  [
    ['plain Node', stack.url],
    ['the Functions host', stack.functionsUrl],
  ] as const;
const strangers = [
  'evil.test',
  'evil.test:5000',
  'localhost.evil.test',
  '127.0.0.1.evil.test',
  'evil.test.',
  '10.255.254.253',
  '[fe80::bad]',
  'registry.public.evil.test',
  '2130706433',
  'localhost@evil.test',
  'localhost:99999',
  'localhost:65536',
  'localhost:0x50',
];
const routes = [
  'GET /v2/',
  'GET /v2/_catalog',
  'GET /api/v1/registry',
  'GET /oauth2/token',
  'GET /acr/v1/_catalog',
  'GET /metrics',
  'GET /nothing',
  'GET /',
];

describe('the open local stack', () => {
  it.each(strangers)('answers 421 or 400 to the name %s, whatever is asked', async (name) => {
    for (const [, url] of hosts())
      for (const route of routes)
        expect([400, 421]).toContain((await raw(url, `${route} HTTP/1.1\r\nHost: ${name}`)).status);
  });

  it('tells its health to every caller, which is no more than that: balancers call a machine whatever they like', async () => {
    for (const [, url] of hosts()) {
      expect((await raw(url, 'GET /healthz HTTP/1.1\r\nHost: evil.test')).status).toBe(200);
      expect([400, 404, 421]).toContain(
        (await raw(url, 'GET /healthz/../v2/_catalog HTTP/1.1\r\nHost: evil.test')).status,
      );
    }
  });

  it('does so for what changes something, before it reads or does anything', async () => {
    for (const [, url] of hosts()) {
      for (const route of [
        'POST /v2/team/app/blobs/uploads/',
        'DELETE /v2/team/app/manifests/1',
        'PUT /api/v1/webhooks/mine',
        'POST /runtime/webhooks/eventgrid?functionName=webhooks-dispatch',
        'GET /admin/host/status',
      ]) {
        expect((await raw(url, `${route} HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 1000000000`)).status).toBe(421);
      }
    }
  });

  it('says what to ask by instead', async () => {
    for (const [, url] of hosts())
      expect((await raw(url, 'GET /v2/ HTTP/1.1\r\nHost: evil.test')).text).toContain('LONGSHORE_PUBLIC_URL');
  });

  it.each([
    'localhost',
    'localhost:5000',
    'LOCALHOST',
    '127.0.0.1',
    '[::1]:5000',
    hostname(),
    'registry.public',
    'registry.public:5000',
    'localhost.',
  ])('answers to the name %s', async (name) => {
    for (const [, url] of hosts()) expect((await raw(url, `GET /v2/ HTTP/1.1\r\nHost: ${name}`)).status).toBe(200);
  });

  it('takes the name of an absolute target for what it is', async () => {
    expect((await raw(stack.url, 'GET http://evil.test/v2/ HTTP/1.1\r\nHost: localhost')).status).toBe(421);
  });

  it.each(['http://evil.test', 'null', 'https://localhost.evil.test', 'file://', 'chrome-extension://abc'])(
    'lets no page of %s change anything by a form, which browsers send without asking',
    async (origin) => {
      for (const [, url] of hosts()) {
        const answer = await raw(
          url,
          `POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nOrigin: ${origin}\r\nContent-Length: 0`,
        );
        expect(answer.status).toBe(403);
      }
    },
  );

  it('lets its own pages do so', async () => {
    for (const [, url] of hosts())
      expect(
        (
          await raw(
            url,
            'POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\nHost: localhost:5000\r\nOrigin: http://localhost:5000\r\nContent-Length: 0',
          )
        ).status,
      ).toBe(202);
  });
});

describe('the setting of host names', () => {
  const base = {
    LONGSHORE_UPLOAD_KEY: Buffer.alloc(32, 1).toString('base64'),
    LONGSHORE_SECRET_KEY: Buffer.alloc(32, 2).toString('base64'),
    COSMOS_ENDPOINT: 'http://127.0.0.1:8081',
    BLOB_CONNECTION_STRING: 'x',
    QUEUE_CONNECTION_STRING: 'x',
    EVENTGRID_ENDPOINT: 'http://127.0.0.1/api/events',
  };
  const names = (more: Record<string, string>) => hostNamesOf(parseConfig({ ...base, ...more }));

  it('opens more names, or all, and is not needed where credentials are', () => {
    expect(names({ LONGSHORE_AUTH: 'open' })?.has('registry.lan')).toBe(false);
    expect(
      names({ LONGSHORE_AUTH: 'open', LONGSHORE_HOST_NAMES: 'registry.lan,host.docker.internal' })?.has(
        'registry.lan:5000',
      ),
    ).toBe(true);
    expect(names({ LONGSHORE_AUTH: 'open', LONGSHORE_HOST_NAMES: 'any' })).toBeUndefined();
    expect(names({ LONGSHORE_AUTH: 'required' })).toBeUndefined();
    expect(names({ LONGSHORE_AUTH: 'required', LONGSHORE_HOST_NAMES: 'own' })?.has('evil.test')).toBe(false);
    expect(() => names({ LONGSHORE_AUTH: 'open', LONGSHORE_HOST_NAMES: 'http://registry.lan/' })).toThrow(
      'LONGSHORE_HOST_NAMES',
    );
  });

  it('holds for every request of the app, also when a right name came before', async () => {
    const { app } = composeForTest({ settings: { hostNames: new HostNames() } });
    for (const [host, status] of [
      ['localhost', 200],
      ['evil.test', 421],
      ['localhost', 200],
      ['evil.test', 421],
    ] as const)
      expect((await app.fetch(new Request(`http://${host}/v2/`))).status).toBe(status);
  });
});

describe('a challenge', () => {
  it('cannot be given a realm by a quote in the header Host', async () => {
    const { app } = composeRequired();
    for (const path of ['/v2/', '/api/v1/registry', '/oauth2/token?service=x']) {
      for (const host of ['a"b.test', 'x",realm="http:evil', "a'b", 'a,b', 'a;b', 'a{b}', 'registry.test"']) {
        let request: Request;
        try {
          request = new Request(`http://${host}${path}`);
        } catch {
          continue;
        }
        const answer = await app.fetch(request);
        expect(answer.status).toBe(400);
        expect(answer.headers.get('www-authenticate')).toBeNull();
      }
    }
  });
});
