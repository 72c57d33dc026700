import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../shared/adapters/buildah/gateway.ts';
import { openGateway } from '../../shared/adapters/buildah/gateway.ts';
import { behindDoors } from '../../shared/adapters/buildah/relay.ts';
import { loopbackNetworks, reachOf } from '../../shared/core/outbound/public-address.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-s01-way-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a builder's way out", () => {
  const inside = createServer((_, response) => response.end('inside'));
  const opened = async (options: Partial<GatewayOptions>) => {
    await mkdir(join(folder, 'gateway'));
    const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    return openGateway({
      folder: join(folder, 'gateway'),
      seenAt: join(folder, 'gateway'),
      owner: own,
      plainHosts: [],
      ownHosts: [],
      reach: reachOf([]),
      opensToSteps: true,
      ...options,
    });
  };
  const ask = async (socket: string, url: string) => {
    const asked = request({ socketPath: socket, path: url, headers: { host: new URL(url).host } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  const tunnel = async (socket: string, authority: string) => {
    const stream = connect(socket);
    stream.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    const [answer] = (await once(stream, 'data')) as [Buffer];
    stream.destroy();
    return Number(answer.toString().split(' ')[1]);
  };
  const listening = async () => {
    if (!inside.listening) await once(inside.listen(0, '0.0.0.0'), 'listening');
    inside.unref();
    return (inside.address() as AddressInfo).port;
  };

  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '169.254.169.254',
    '168.63.129.16',
    '10.0.0.1',
    '192.168.1.1',
    '[fd00:ec2::254]',
    'localhost',
    'a.localhost',
    'inside.example',
  ])('leads to no %s', async (name) => {
    const port = await listening();
    const gateway = await opened({
      resolve: (asked) =>
        Promise.resolve([{ address: asked.endsWith('localhost') ? '127.0.0.1' : '10.1.2.3', family: 4 }]),
    });
    for (const socket of ['builder.sock', 'steps.sock']) {
      expect(await ask(join(folder, 'gateway', socket), `http://${name}:${port}/`)).toBe(403);
      expect(await tunnel(join(folder, 'gateway', socket), `${name}:${port}`)).toBe(403);
    }
    await gateway.close();
  });

  it('leads to this machine by none of its addresses, whatever the operator has opened', async () => {
    const port = await listening();
    const addresses = [
      '127.0.0.1',
      '0.0.0.0',
      '[::]',
      ...Object.values(networkInterfaces())
        .flatMap((each) => each ?? [])
        .filter(({ family }) => family === 'IPv4')
        .map(({ address }) => address),
    ];
    const gateway = await opened({
      reach: reachOf([
        '0.0.0.0/0',
        '::/0',
        ...loopbackNetworks,
        '10.0.0.0/8',
        '192.168.0.0/16',
        '172.16.0.0/12',
        '192.0.2.0/24',
      ]),
    });
    for (const address of addresses)
      for (const socket of ['builder.sock', 'steps.sock'])
        expect(await tunnel(join(folder, 'gateway', socket), `${address}:${port}`)).toBe(403);
    await gateway.close();
  });

  it('leads to a name only when all of its addresses are allowed', async () => {
    const gateway = await opened({
      resolve: () =>
        Promise.resolve([
          { address: '93.184.215.14', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ]),
    });
    expect(await tunnel(join(folder, 'gateway', 'builder.sock'), 'two.example:443')).toBe(403);
    await gateway.close();
  });

  it('leads the builder, and no step, to this registry where it is', async () => {
    const port = await listening();
    const gateway = await opened({
      ownHosts: [`registry.example:${port}`],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    expect(await tunnel(join(folder, 'gateway', 'builder.sock'), `registry.example:${port}`)).toBe(200);
    expect(await tunnel(join(folder, 'gateway', 'builder.sock'), `registry.example:${port + 1}`)).toBe(403);
    expect(await tunnel(join(folder, 'gateway', 'steps.sock'), `registry.example:${port}`)).toBe(403);
    await gateway.close();
  });

  // Any of these, where nobody hears the error, ends this process and every build and pull with it.
  it.each<[string, (socket: Socket) => void]>([
    [
      'is reset in the middle',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc', () =>
          setTimeout(() => socket.resetAndDestroy(), 50),
        );
      },
    ],
    [
      'breaks its own framing',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', () =>
          setTimeout(() => socket.write('zzzz\r\n'), 50),
        );
      },
    ],
    [
      'is of another protocol',
      (socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
      },
    ],
    [
      'has no status',
      (socket) => {
        socket.write('HTTP/1.1 099 No\r\ncontent-length: 2\r\n\r\nok');
      },
    ],
    [
      'stops in the middle',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc');
      },
    ],
  ])('lives on when an answer %s', async (_, answers) => {
    const evil = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => {
          answers(socket);
        });
    }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const { port } = evil.address() as AddressInfo;
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.on('uncaughtException', note);
    const gateway = await opened({
      ownHosts: [`registry.example:${port}`],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
      patienceMs: 400,
    });
    const asked = connect(join(folder, 'gateway', 'builder.sock'));
    asked
      .on('error', () => undefined)
      .resume()
      .write(`GET http://registry.example:${port}/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await once(asked, 'close');
    await gateway.close();
    evil.close();
    process.off('uncaughtException', note);
    expect(failures).toEqual([]);
  });

  it('lives on when who asked leaves before there is a connection', async () => {
    const port = await listening();
    const gateway = await opened({
      ownHosts: [`registry.example:${port}`],
      resolve: () => new Promise((found) => setTimeout(found, 100, [{ address: '127.0.0.1', family: 4 }])),
    });
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.on('uncaughtException', note);
    for (let n = 0; n < 20; n += 1) {
      const leaving = connect(join(folder, 'gateway', 'builder.sock')).on('error', () => undefined);
      leaving.write(`CONNECT registry.example:${port} HTTP/1.1\r\nhost: x\r\n\r\nmore`, () => leaving.destroy());
    }
    await new Promise((passed) => setTimeout(passed, 400));
    await gateway.close();
    process.off('uncaughtException', note);
    expect(failures).toEqual([]);
  });

  it('has a door for the builder alone to each registry of this machine, and none to a port that nobody has named', async () => {
    const gateway = await opened({
      plainHosts: ['127.0.0.1:5000', 'localhost:5000', '[::1]:5001'],
      opensToSteps: false,
    });
    expect(gateway.doors.map(({ port, address, steps }) => ({ port, address, steps }))).toEqual([
      { port: 3128, address: '127.0.0.1', steps: undefined },
      { port: 5000, address: '127.0.0.1', steps: undefined },
      { port: 5001, address: '::1', steps: undefined },
    ]);
    expect(behindDoors(gateway.doors, ['buildah']).at(-1)).toContain('"command":["buildah"]');
    await gateway.close();
  });
});
