import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';

let required: RequiredStack;
beforeAll(async () => (required = await startRequiredStack()), 120_000);
afterAll(() => required.stop());

const hosts = ['plain Node', 'the Functions host'] as const;
const urlOf = (host: (typeof hosts)[number]) =>
  new URL(host === 'plain Node' ? required.stack.url : required.stack.functionsUrl);

/** All that comes back for these bytes, until the other side ends or says nothing for a second. */
function exchange(host: (typeof hosts)[number], bytes: string): Promise<string> {
  const { hostname, port } = urlOf(host);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
const hidden = 'GET /api/v1/tokens HTTP/1.1\r\nHost: a\r\n\r\n';

/** Each is one request that holds, for who reads it otherwise, another. */
const smuggled: readonly (readonly [string, string])[] = [
  [
    'a length and chunks',
    `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'two lengths',
    `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  ],
  ['a length with a sign', `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: +${hidden.length}\r\n\r\n${hidden}`],
  ['a length in hexadecimal', `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0x20\r\n\r\n${hidden}`],
  ['an encoding that is none', `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n${hidden}`],
  [
    'an encoding behind a space',
    `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'a header that is folded',
    `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'a chunk of a negative size',
    `POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n${hidden}`,
  ],
];

const broken: readonly (readonly [string, string])[] = [
  ['a NUL in the path', 'GET /v2/\0/manifests/v1 HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['an encoded NUL in the path', 'GET /v2/a%00b/manifests/v1 HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['a NUL in a header', 'GET /v2/ HTTP/1.1\r\nHost: HOST\r\nX-A: a\0b\r\n\r\n'],
  ['no host', 'GET /v2/ HTTP/1.1\r\n\r\n'],
  ['two hosts', 'GET /v2/ HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n'],
  ['no version', 'GET /v2/\r\n\r\n'],
  ['a method that is none', 'G\u00cbT /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['a bare line feed', 'GET /v2/ HTTP/1.1\nHost: HOST\nX: y\n\n'],
  ['TLS on a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2 at once', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a path of 64 KiB', `GET /v2/${'a'.repeat(65_536)} HTTP/1.1\r\nHost: HOST\r\n\r\n`],
  ['a percent sign alone', 'GET /v2/%/manifests/%zz HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['UTF-8 that is none', 'GET /v2/%ff%fe/manifests/v1 HTTP/1.1\r\nHost: HOST\r\n\r\n'],
];

const traversing = [
  '/v2/../api/v1/tokens',
  '/v2/..%2fapi/v1/tokens',
  '/v2/%2e%2e/api/v1/tokens',
  '/v2/team/../../api/v1/tokens',
  '//api/v1/tokens',
  '/api//v1/tokens',
  '/API/v1/tokens',
  '/api/v1/tokens/',
  '/api/v1/%74okens',
  '/api/v1/tokens%00',
  '/api/v1/tokens;a=b',
  '/healthz/../api/v1/tokens',
  '/healthz%2f..%2fapi%2fv1%2ftokens',
  '/api/v1/openapi.json/../tokens',
  '\\api\\v1\\tokens',
];

describe.each(hosts)('on %s', (host) => {
  const filled = (bytes: string) => bytes.replaceAll('HOST', urlOf(host).host);

  it.each(smuggled)('no request is smuggled in another by %s', async (_, bytes) => {
    const answer = await exchange(host, filled(bytes));
    // A stranger gets 401 or 400 for either; what matters is that nothing is answered with success, and nothing fails.
    expect(statuses(answer).filter((status) => status < 400 || status >= 500)).toEqual([]);
  });

  it.each(broken)('%s is refused, and what comes next is served', async (_, bytes) => {
    const answer = await exchange(host, filled(bytes));
    expect(statuses(answer).filter((status) => status < 400 || status >= 500)).toEqual([]);
    expect((await fetch(new URL('/v2/', urlOf(host)))).status).toBe(401);
  });

  it.each(traversing)('the path %s leads nowhere without credentials', async (path) => {
    const answer = await exchange(host, filled(`GET ${path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n`));
    expect(answer).not.toContain('"tokens"');
    expect(statuses(answer).filter((status) => status < 300 || status >= 500)).toEqual([]);
  });

  it.each([
    '%0d%0aX-Injected:%20yes',
    '%0aX-Injected:%20yes',
    '%E5%98%8A%E5%98%8DX-Injected:%20yes',
    '\u560a\u560dX-Injected:yes',
  ])('no header comes of %s', async (text) => {
    for (const path of [
      `/v2/${text}/manifests/v1`,
      `/v2/team/app/blobs/uploads/?mount=${text}&from=${text}`,
      `/oauth2/token?service=${text}&scope=${text}`,
      `/v2/_catalog?n=1&last=${text}`,
    ]) {
      const answer = await exchange(
        host,
        filled(`GET ${path} HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: a\r\nConnection: close\r\n\r\n`),
      );
      expect((answer.split('\r\n\r\n')[0] ?? '').toLowerCase()).not.toMatch(/^x-injected/m);
      expect(statuses(answer).filter((status) => status >= 500)).toEqual([]);
    }
  });
});
