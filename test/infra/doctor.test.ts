import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callsOf } from '../../infra/deploy/client.ts';
import { checks, examine } from '../../infra/doctor/doctor.ts';
import type { Finding } from '../../infra/doctor/finding.ts';
import { checkTls, judgeCertificate } from '../../infra/doctor/transport.ts';
import { startReceiver } from '../local/stack/receiver.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

/** Stands before the stack, and does to it what fronts, rules and outages do. */
interface Front {
  readonly url: string;
  /** `true` where it has answered itself. */
  answers: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** Returns the headers of an answer as the front changes them. */
  rewrites: (
    headers: Record<string, string | string[] | undefined>,
    request: IncomingMessage,
  ) => Record<string, string | string[] | undefined>;
}

let required: RequiredStack;
let server: Server;
let front: Front;

beforeAll(async () => {
  required = await startRequiredStack();
  const { port } = new URL(required.stack.url);
  server = createServer((request, response) => {
    void (async () => {
      if (await front.answers(request, response)) return;
      const onwards = ask(
        { host: '127.0.0.1', port, path: request.url, method: request.method, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, front.rewrites(answer.headers, request));
          answer.pipe(response);
        },
      );
      request.pipe(onwards);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

beforeEach(() => {
  front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers: () => false,
    rewrites: (headers) => headers,
  };
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await required.stop();
});

interface Options {
  readonly password?: string | undefined;
  readonly receiver?: string;
  readonly origin?: string;
  /** Its time passes by pauses alone, so that nothing is waited for. */
  readonly isImpatient?: boolean;
  /** Absent: all checks. */
  readonly only?: string;
}

async function examined({ receiver, origin = front.url, isImpatient = false, only, ...options }: Options = {}): Promise<
  Record<string, Finding>
> {
  const password = 'password' in options ? options.password : required.password;
  const found: Record<string, Finding> = {};
  let passed = 0;
  const clock = isImpatient
    ? { now: () => new Date(Date.now() + passed), pause: (ms: number) => Promise.resolve(void (passed += ms)) }
    : { now: () => new Date(), pause: (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)) };
  await examine(
    { origin, password, receiver, largest: 4, call: callsOf(origin, password), ...clock },
    (name, finding) => {
      found[name] = finding;
    },
    checks.filter(({ name }) => only === undefined || name === only),
  );
  return found;
}

const faultsIn = (found: Record<string, Finding>) =>
  Object.entries(found).flatMap(([name, { is, said }]) => (is === 'failed' ? [`${name}: ${said}`] : []));

describe('the doctor', () => {
  it('finds nothing wrong with a registry that works, as a person asks it', async () => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../infra/doctor/main.ts', import.meta.url)), required.stack.url, '--largest', '4'],
      {
        env: { PATH: process.env['PATH'], LONGSHORE_ADMIN_PASSWORD: required.password },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
    expect(
      said
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(0, 20).trimEnd()),
    ).toEqual([
      'left out  TLS',
      'ok        health',
      'ok        clock',
      'ok        strangers',
      'ok        login',
      'ok        uploads',
      'ok        downloads',
      'ok        events',
      'ok        webhooks',
      'no fault can be seen',
    ]);
    expect(code).toBe(0);
    expect(
      await (
        await fetch(`${required.stack.url}/v2/longshore/smoke/tags/list`, {
          headers: { authorization: `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}` },
        })
      ).json(),
    ).not.toMatchObject({ tags: [expect.anything()] });
  }, 60_000);

  it('leaves out what needs the password where there is none', async () => {
    const found = await examined({ password: undefined });
    expect(Object.values(found).map(({ is }) => is)).toEqual([
      'left out',
      'ok',
      'ok',
      'ok',
      'left out',
      'left out',
      'left out',
      'left out',
      'left out',
    ]);
  });

  it('needs no password where everybody may do everything', async () => {
    const folder = await stateFolder();
    const open = await startRunningStack(folder.path);
    try {
      const found = await examined({ origin: open.url, password: undefined });
      expect(Object.fromEntries(Object.entries(found).map(([name, { is }]) => [name, is]))).toEqual({
        TLS: 'left out',
        health: 'ok',
        clock: 'ok',
        strangers: 'left out',
        login: 'left out',
        uploads: 'ok',
        downloads: 'ok',
        events: 'ok',
        webhooks: 'ok',
      });
    } finally {
      await open.stop();
      await folder.remove();
    }
  }, 60_000);

  it.each([
    [
      'an outage of a store',
      (request: IncomingMessage, response: ServerResponse) =>
        request.url === '/healthz' && answer(response, 503, '{"documents":"unavailable"}'),
      'health: GET /healthz is 503: {"documents":"unavailable"}',
    ],
    [
      'a registry that is open',
      (request: IncomingMessage, response: ServerResponse) =>
        request.headers.authorization === undefined && request.method === 'POST' && answer(response, 202),
      undefined,
    ],
    [
      'a front that swallows the challenge',
      (request: IncomingMessage, response: ServerResponse) =>
        request.headers.authorization === undefined && request.method === 'POST' && answer(response, 401),
      'strangers: a push without credentials is 401, without a challenge',
    ],
    [
      'a front with a limit',
      (request: IncomingMessage, response: ServerResponse) =>
        Number(request.headers['content-length'] ?? 0) > 2_000_000 && answer(response, 413),
      'uploads: a body of 4 MiB is answered with 413; 1 MiB passed',
    ],
    [
      'events that go nowhere',
      (request: IncomingMessage, response: ServerResponse) => isGet(request, '/api/v1/usage') && answer(response, 404),
      'events: the event of a push has not arrived after 120 s',
    ],
    [
      'deliveries that nobody sends',
      (request: IncomingMessage, response: ServerResponse) =>
        isGet(request, '/api/v1/webhooks/longshore') && answer(response, 200, '{"items":[]}'),
      'webhooks: no delivery was tried within 120 s',
    ],
    [
      'a network that lets nothing out',
      (request: IncomingMessage, response: ServerResponse) =>
        isGet(request, '/api/v1/webhooks/longshore') &&
        answer(response, 200, '{"items":[{"attempts":[{"failure":{"why":"it did not connect within 5 s"}}]}]}'),
      'webhooks: the receiver was not reached: it did not connect within 5 s',
    ],
    [
      'a management API that is broken',
      (request: IncomingMessage, response: ServerResponse) =>
        request.method === 'PUT' && (request.url ?? '').startsWith('/api/v1/webhooks') && answer(response, 500),
      'webhooks: PUT of a webhook was answered with 500',
    ],
    [
      'storage that clients cannot reach',
      (request: IncomingMessage, response: ServerResponse) =>
        isGet(request, '/v2/longshore/smoke/blobs/sha256') &&
        answer(response, 307, '', { location: 'http://127.0.0.1:9/blob' }),
      'downloads: 127.0.0.1:9, which stores the blobs, answers 504',
    ],
  ])('says of %s what it is', async (_, answers, fault) => {
    front.answers = answers;
    const faults = faultsIn(await examined({ isImpatient: true, only: fault?.split(':')[0] ?? 'strangers' }));
    if (fault === undefined) expect(faults).toEqual([]);
    else expect(faults).toEqual([fault]);
  });

  it('is careful about a Functions host that takes uploads itself, and says the numbers', async () => {
    expect(await examined({ origin: required.stack.functionsUrl, only: 'uploads' })).toEqual({
      uploads: {
        is: 'careful',
        said: expect.stringContaining('the Functions host receives uploads itself') as string,
        next: expect.stringContaining('a sixth of that memory (341 MiB of 2 GiB)') as string,
      },
    });
  });

  it('says that a front does not let Range through', async () => {
    front.answers = async (request, response) => {
      if (!isGet(request, '/v2/longshore/smoke/blobs/sha256')) return false;
      const whole = await fetch(`${required.stack.url}${request.url ?? ''}`, {
        headers: { authorization: request.headers.authorization ?? '' },
      });
      return answer(response, 200, Buffer.from(await whole.arrayBuffer()));
    };
    expect(faultsIn(await examined({ isImpatient: true, only: 'downloads' }))).toContain(
      'downloads: a part of a blob is answered with 200',
    );
  });

  it('says that clocks are apart', async () => {
    front.rewrites = (headers) => ({ ...headers, date: new Date(Date.now() + 300_000).toUTCString() });
    expect(faultsIn(await examined({ isImpatient: true, only: 'clock' }))[0]).toMatch(
      /^clock: its clock and this one are (299|300|301) s apart$/,
    );
  });

  it('says that clients are sent elsewhere to log in', async () => {
    front.rewrites = (headers) => ({
      ...headers,
      ...(headers['www-authenticate'] === undefined
        ? {}
        : { 'www-authenticate': 'Bearer realm="https://internal.example/oauth2/token",service="internal.example"' }),
    });
    expect(faultsIn(await examined({ isImpatient: true, only: 'login' }))).toContain(
      'login: the challenge sends clients to https://internal.example',
    );
  });

  it('says that the password is another, and leaves out what would only fail for that', async () => {
    const found = await examined({ password: 'wrong', isImpatient: true });
    expect(faultsIn(found)).toEqual(['login: the password is answered with 401']);
    for (const name of ['uploads', 'downloads', 'events', 'webhooks'])
      expect(found[name]).toEqual({ is: 'left out', said: 'login failed' });
  });

  it('asks a receiver that is named, and says what it answers', async () => {
    const receiver = await startReceiver();
    expect((await examined({ receiver: receiver.url, only: 'webhooks' })).webhooks).toEqual({
      is: 'ok',
      said: 'the receiver answers 200',
    });
    expect(receiver.deliveries.length).toBeGreaterThan(0);
    await receiver.stop();
    const refusing = createServer(
      (request, response) => void buffer(request).then(() => response.writeHead(401).end()),
    ).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    expect(
      (await examined({ receiver: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`, only: 'webhooks' }))
        .webhooks,
    ).toMatchObject({ is: 'failed', said: 'the receiver answers 401' });
    refusing.closeAllConnections();
    refusing.close();
  }, 60_000);

  it('says of a host that is not there, once, that nothing listens', async () => {
    const found = await examined({ origin: 'http://127.0.0.1:9', isImpatient: true });
    expect(Object.keys(found)).toEqual(['reach']);
    expect(faultsIn(found)[0]).toMatch(/^reach: no program listens at http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/);
  });
});

describe('TLS', () => {
  const patient = (origin: string) => ({ origin, now: () => new Date() }) as Parameters<typeof checkTls>[0];

  it('is wanted of every host but this machine', async () => {
    expect(await checkTls(patient('http://registry.example'))).toMatchObject({
      is: 'failed',
      said: expect.stringContaining('plain http') as string,
    });
    expect(await checkTls(patient(front.url.replace('http:', 'https:')))).toMatchObject({
      is: 'failed',
      said: expect.stringContaining('no TLS') as string,
    });
  });

  it.each([
    [1, 'TLSv1.3', 'failed'],
    [13, 'TLSv1.2', 'failed'],
    [15, 'TLSv1.2', 'ok'],
    [60, 'TLSv1.1', 'failed'],
    [-3, 'TLSv1.3', 'failed'],
  ])('with a certificate that ends in %i days, at %s, is %s', (days, protocol, is) => {
    const now = new Date('2026-01-01T00:00:00Z');
    expect(
      judgeCertificate(
        { valid_to: new Date(now.getTime() + days * 24 * 3_600_000 + 1_000).toUTCString() },
        protocol,
        now,
      ).is,
    ).toBe(is);
  });
});

const isGet = (request: IncomingMessage, path: string) =>
  request.method === 'GET' && (request.url ?? '').startsWith(path);

function answer(
  response: ServerResponse,
  status: number,
  body: string | Buffer = '',
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, headers).end(body);
  return true;
}
