import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { reachOf } from '../../shared/core/outbound/public-address.ts';
import type { ResolveName } from '../../shared/core/outbound/resolve-name.ts';
import { certificateOfHookTest } from '../shared/core/http/certificate.ts';
import { connectionsDuring } from '../shared/core/http/connections.ts';
import { startReceiver } from '../shared/core/http/receiver.ts';
import type { Friend } from './ways-out.ts';
import { callers, done, wayOut } from './ways-out.ts';

const each = Object.entries(callers);
/** The operator has opened this one address of this machine; its other addresses are as private as any. */
const opened = '127.0.0.1/32';
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const pkt = (line: string) => `${(line.length + 4).toString(16).padStart(4, '0')}${line}`;

/** As git says what it has, by the second version of its protocol and by the first. */
function advertised({ headers }: IncomingMessage): string {
  return headers['git-protocol'] === 'version=2'
    ? `${pkt('version 2\n')}${pkt('ls-refs\n')}`
    : pkt(`${'a'.repeat(40)} refs/heads/main\0shallow side-band-64k allow-reachable-sha1-in-want\n`);
}

/** Answers every caller well; where it leads on, to `lead.to`. */
function answerWell(lead: () => string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://x');
  request.resume();
  const json = (body: object, status = 200) => response.writeHead(status).end(JSON.stringify(body));
  const origin = `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? ''}`;
  if (pathname.includes('openid-configuration'))
    json({ issuer: origin, jwks_uri: lead() === '' ? `${origin}/keys` : lead() });
  else if (pathname === '/keys') json({ keys: [] });
  else if (pathname === '/token') json({ token: 't' });
  else if (pathname.endsWith('/listLogSasUrl')) json({ logLink: lead() });
  else if (pathname.startsWith('/v2/') && lead() !== '' && request.headers.authorization === undefined)
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${lead()}",service="s"` }).end();
  else if (pathname.startsWith('/v2/'))
    response.writeHead(200, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end();
  else if (pathname.endsWith('/info/refs'))
    response
      .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      .end(`${pkt('# service=git-upload-pack\n')}0000${advertised(request)}0000`);
  else if (pathname.endsWith('/git-upload-pack'))
    response
      .writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      .end(`${pkt(`${'a'.repeat(40)} refs/heads/main\n`)}0000`);
  else json({});
}

/** A server that answers well and closes each connection, so that each request makes one. */
async function friendly(tls?: { key: string; cert: string }): Promise<Friend & { addresses: string[]; port: number }> {
  const [lead, addresses] = [{ to: '' }, [] as string[]];
  const friend = { host: '', lead, addresses, port: 0 };
  const started = await startReceiver((request, response) => {
    addresses.push(request.socket.localAddress?.replace('::ffff:', '') ?? '');
    response.setHeader('connection', 'close');
    answerWell(() => friend.lead.to, request, response);
  }, tls);
  ends.push(() => started.stop());
  return Object.assign(friend, { host: `127.0.0.1:${started.port}`, port: started.port });
}

function way(resolve?: ResolveName, { totalMs = 5_000, ca }: { totalMs?: number; ca?: string } = {}) {
  const made = wayOut({ reach: reachOf([opened]), ...(resolve && { resolve }), ...(ca && { ca }) }, totalMs);
  ends.push(() => made.client.close());
  return made;
}

const names =
  (...addresses: string[]): ResolveName =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

/** Each is something that a server does to hold its caller. */
const hostile: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': () => undefined,
  'sends a head without end': (socket) => {
    endless(socket, 'HTTP/1.1 200 OK\r\n', 'x-a: b\r\n'.repeat(2_000));
  },
  'sends a head a byte at a time': (socket) => {
    dripping(socket, 'HTTP/1.1 200 OK\r\nx-a: ', 'b');
  },
  'says for ever that it will answer': (socket) => {
    dripping(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n');
  },
  'sends a body without end': (socket) => {
    endless(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n', ' '.repeat(65_536));
  },
  'sends chunks without end': (socket) => {
    endless(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', `4000\r\n${' '.repeat(16_384)}\r\n`);
  },
  'sends a body a byte at a time': (socket) => {
    dripping(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n', ' ');
  },
};

describe.each(each)('whoever names the host of %s', (_, call) => {
  it('has it called where the operator allows that', async () => {
    const [server, friend] = [await friendly(), await friendly()];
    expect(await call(way(), server.host, friend)).toBe(done);
    expect(server.addresses.length).toBeGreaterThan(0);
  });

  it('leads to no private address, however it is written', async () => {
    const inside = await startReceiver((__, response) => void response.end('{}'));
    ends.push(() => inside.stop());
    const friend = await friendly();
    for (const host of [
      '127.0.0.2',
      '2130706434',
      '0x7f000002',
      '017700000002',
      '0177.0.0.02',
      '127.2',
      '[::1]',
      '[::]',
      '0.0.0.0',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:2]',
      '[64:ff9b::7f00:2]',
      '169.254.169.254',
      '10.0.0.5',
    ]) {
      friend.addresses.length = 0;
      const tried = await connectionsDuring(async () => {
        expect([host, await call(way(), `${host}:${inside.port}`, friend)]).not.toEqual([host, done]);
      });
      expect([host, tried]).toEqual([host, friend.addresses.length]);
    }
    expect(inside.connections()).toBe(0);
  });

  it.each([
    ['a private one', ['127.0.0.2']],
    ["a metadata service's", ['169.254.169.254']],
    ['a public and a private one', ['93.184.215.14', '127.0.0.2']],
    ['an IPv4 address in the form of IPv6', ['::ffff:127.0.0.1']],
    ['one through NAT64', ['64:ff9b::7f00:1']],
  ])('leads nowhere by a name whose address is %s', async (__, addresses) => {
    const inside = await startReceiver((___, response) => void response.end('{}'));
    ends.push(() => inside.stop());
    const friend = await friendly();
    const tried = await connectionsDuring(async () => {
      expect(await call(way(names(...addresses)), `hook.test:${inside.port}`, friend)).not.toBe(done);
    });
    expect([tried, inside.connections()]).toEqual([friend.addresses.length, 0]);
  });

  it('leads to no other address by changing what its name means', async () => {
    const server = await friendly(certificateOfHookTest);
    const friend = await friendly();
    let isRebound = false;
    let asked = 0;
    const resolve: ResolveName = (name) => ((asked += 1), names(isRebound ? '127.0.0.2' : '127.0.0.1')(name));
    const rebinding = way(resolve, { ca: certificateOfHookTest.cert });
    expect(await call(rebinding, `hook.test:${server.port}`, friend)).toBe(done);
    const before = server.addresses.length;
    // Each connection is made to the very address that was checked for it.
    expect(server.addresses).toEqual(Array(before).fill('127.0.0.1'));
    expect([asked, before > 0]).toEqual([before, true]);
    isRebound = true;
    expect(await call(rebinding, `hook.test:${server.port}`, friend)).not.toBe(done);
    expect(server.addresses).toHaveLength(before);
  });

  it('leads to no other address by a redirect', async () => {
    const inside = await startReceiver((__, response) => void response.end('{}'));
    ends.push(() => inside.stop());
    for (const location of [`http://127.0.0.2:${inside.port}/`, `http://127.0.0.1:${inside.port}/`]) {
      const from = await startReceiver((request, response) => {
        request.resume();
        response.writeHead(307, { location }).end();
      });
      ends.push(() => from.stop());
      expect(await call(way(), `127.0.0.1:${from.port}`, await friendly())).not.toBe(done);
      expect(from.connections()).toBeGreaterThan(0);
    }
    expect(inside.connections()).toBe(0);
  });

  it('is not held by an answer that does not end', async () => {
    const held = async (talk: (socket: Socket) => void) => {
      const { port, open, sent } = await rawServer(talk);
      await call(way(undefined, { totalMs: 600 }), `127.0.0.1:${port}`, await friendly());
      // The connection is given up, and with it what is still being sent.
      await expect.poll(open, { timeout: 10_000 }).toBe(0);
      return sent();
    };
    const all = await Promise.all(
      Object.entries(hostile).map(async ([what, talk]) => ({ what, sent: await held(talk) })),
    );
    expect(all.filter(({ sent }) => sent > 64 * 1024 ** 2)).toEqual([]);
  });
});

function dripping(socket: Socket, head: string, drop: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(drop), 20);
  socket.once('close', () => clearInterval(timer));
}

function endless(socket: Socket, head: string, part: string): void {
  socket.write(head);
  const more = () => {
    if (!socket.destroyed) socket.write(part, (error) => (error ? undefined : more()));
  };
  more();
}

/** Speaks no HTTP of its own accord. */
async function rawServer(talk: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let sent = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      sent += socket.bytesWritten - socket.writableLength;
    });
    socket.once('data', () => {
      talk(socket);
    });
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open: () => sockets.size, sent: () => sent };
}
