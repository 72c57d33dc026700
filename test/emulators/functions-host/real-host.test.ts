import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '../../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../../local/stack/running-stack.ts';

// The local Functions host must answer as the Functions host 4.1037 answered to the built package, byte by byte.
// docs/local.md has the differences that remain.

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;
let key: string;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path);
  ({ functionsKey: key } = JSON.parse(await readFile(join(state.path, 'keys.json'), 'utf8')) as {
    functionsKey: string;
  });
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly ms: number;
}

/** Sends bytes as they are, and reads until the host closes or the body is whole. */
async function raw(
  text: string | Buffer,
  more?: (write: (text: string) => void, soFar: () => string) => Promise<void>,
): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(Number(new URL(stack.functionsUrl).port), '127.0.0.1', () => {
      socket.write(text);
      void more?.(
        (each) => void socket.write(each),
        () => got,
      );
    });
    const done = () => {
      const [head = '', ...rest] = got.split('\r\n\r\n');
      resolve({
        status: Number(/^HTTP\/1\.[01] (\d+)/.exec(head)?.[1] ?? 0),
        head: head.toLowerCase(),
        body: rest.join('\r\n\r\n'),
        ms: performance.now() - began,
      });
    };
    socket.setTimeout(20_000, () => socket.destroy());
    socket
      .on('data', (chunk: Buffer) => (got += chunk.toString('latin1')))
      .on('error', () => undefined)
      .on('close', done);
  });
}

const get = (target: string, ...headers: string[]) =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`;
const many = (count: number, size: number) => Array.from({ length: count }, (_, at) => `x-${at}: ${'a'.repeat(size)}`);

describe('the local Functions host', () => {
  it.each<[what: string, request: string | Buffer, status: number, body: RegExp]>([
    ['an encoded slash in a name, which the app takes for one', get('/v2/d%2Fa/tags/list'), 404, /NAME_UNKNOWN.*d\/a/],
    ['a backslash in a name', get('/v2/d\\a/tags/list'), 400, /NAME_INVALID/],
    ['what is no encoding', get('/v2/d%zza/tags/list'), 400, /NAME_INVALID/],
    ['a zero byte', get('/v2/d%00a/tags/list'), 400, /^$/],
    ['an empty part', get('/v2//'), 404, /^$/],
    ['a path over 8 KiB', get(`/v2/${'a'.repeat(8_192)}/tags/list`), 414, /^$/],
    ['headers of 30 KiB', get('/v2/', ...many(3, 10_000)), 200, /.*/],
    ['headers over 32 KiB', get('/v2/', ...many(4, 10_000)), 431, /^$/],
    ['more than 100 headers', get('/v2/', ...many(99, 1)), 431, /^$/],
    ['100 headers', get('/v2/', ...many(98, 1)), 200, /.*/],
    ['a header in Latin-1', Buffer.from(get('/v2/', 'User-Agent: caf\u00e9'), 'latin1'), 400, /^$/],
    ['no Host', 'GET /v2/ HTTP/1.0\r\n\r\n', 500, /^$/],
    ['an empty Host', 'GET /v2/ HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n', 500, /^$/],
    ['an absolute target', get('http://localhost/v2/'), 200, /.*/],
    ['an absolute target of another host', get('http://127.0.0.1/v2/'), 400, /^$/],
    ['the home page, which the app has', get('/'), 200, /docker login localhost/],
    ['what is no route', get('/nothing'), 404, /^$/],
    ['its own status without a key', get('/admin/host/status'), 401, /^$/],
    ["Event Grid's endpoint without a function", get('/runtime/webhooks/eventgrid'), 401, /^$/],
    [
      "Event Grid's endpoint without a key",
      'POST /runtime/webhooks/eventgrid?functionName=usage-record HTTP/1.1\r\nHost: localhost\r\nContent-Length: ' +
        '2\r\nConnection: close\r\n\r\n[]',
      401,
      /^$/,
    ],
    [
      'a body over the limit, that is being sent',
      'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\nConnection: close\r\n\r\n',
      500,
      /^$/,
    ],
  ])('answers %s as the real one', async (_, request, status, body) => {
    const answer = await raw(request);
    expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(body)]);
  });

  it('answers the end of a subscription, which its extension does not know, as the real one', async () => {
    const answer = await fetch(
      `${stack.functionsUrl}/runtime/webhooks/eventgrid?functionName=usage-record&code=${encodeURIComponent(key)}`,
      { method: 'POST', headers: { 'aeg-event-type': 'SubscriptionDeletion' }, body: '[]' },
    );
    expect(answer.status).toBe(400);
  });

  it("answers a request for an upload's status as the real one, without a length", async () => {
    const location =
      (await fetch(`${stack.functionsUrl}/v2/team/app/blobs/uploads/`, { method: 'POST' })).headers.get('location') ??
      '';
    const { status, head } = await raw(get(location));
    expect(status).toBe(204);
    expect(head).not.toContain('content-length');
  });

  it('calls the app with a body that announces its length when it has come whole, as the real one', async () => {
    const half = 'a'.repeat(1024 ** 2);
    let early = '';
    const { status, body } = await raw(
      'PATCH /v2/team/app/blobs/uploads/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: ' +
        `${2 * half.length}\r\nConnection: close\r\n\r\n${half}`,
      async (write, soFar) => {
        await delay(1_000);
        early = soFar();
        write(half);
      },
    );
    expect(early).toBe('');
    expect([status, body]).toEqual([404, expect.stringContaining('BLOB_UPLOAD_UNKNOWN')]);
  });
});

describe('what never reaches the worker of the real host', () => {
  it('is answered within 6 s, and takes nothing with it', async () => {
    const id = randomUUID();
    const answers = await Promise.all([
      raw(get('/v2/', `x-ms-invocation-id: ${id}`)),
      raw(get('/v2/', 'x-ms-invocation-id: abc')),
      raw(Buffer.from(get('/v2/', 'User-Agent: caf\u00e9'), 'utf8')),
      ...Array.from({ length: 5 }, () => raw(Buffer.from(get('/v2/', 'User-Agent: caf\u00e9'), 'utf8'))),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map(() => expect.toSatisfy((status: number) => status === 400 || status === 500) as number),
    );
    // The wait is 5.5 s; what is above is a busy machine's.
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(8_000);
    expect((await fetch(`${stack.functionsUrl}/v2/`)).status).toBe(200);
  });

  it('because its client leaves at once, holds nothing: hundreds of them', async () => {
    const { port } = new URL(stack.functionsUrl);
    for (let at = 0; at < 200; at++) {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(get('/v2/team/app/tags/list'), () => setTimeout(() => socket.destroy(), at % 10)),
      );
      socket.on('error', () => undefined);
    }
    await delay(7_000);
    expect((await fetch(`${stack.functionsUrl}/v2/`)).status).toBe(200);
    expect((await raw(get('/v2/'))).status).toBe(200);
  });
});
