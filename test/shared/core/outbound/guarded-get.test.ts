import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { guardedGet } from '../../../../shared/core/outbound/guarded-get.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { StoreFailure } from '../../../../shared/core/ports/failures.ts';
import { OutboundRefused } from '../../../../shared/core/ports/outbound.ts';

let close: (() => void) | undefined;
afterEach(() => close?.());

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/json`);
}

const onlyPublic = reachOf([]);
const alsoHere = reachOf(loopbackNetworks);
const guarded = guardedGet(outboundClient({ reach: onlyPublic }));
const local = guardedGet(outboundClient({ reach: alsoHere }));

describe('a URL that somebody else chose', () => {
  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://localhost/',
    'https://10.0.0.1/',
    'https://169.254.169.254/metadata',
    'https://[::ffff:7f00:1]/',
    'https://0x7f000001/',
    'https://2130706433/',
    'http://8.8.8.8/',
    'https://user:secret@8.8.8.8/',
    'ftp://8.8.8.8/',
  ])('is not called when it is %s', async (url) => {
    await expect(guarded.getJson(new URL(url), 'issuer')).rejects.toBeInstanceOf(OutboundRefused);
  });

  it("is not called when one of its name's addresses is private", async () => {
    const resolve = () =>
      Promise.resolve([
        { address: '20.50.2.1', family: 4 },
        { address: '10.0.0.5', family: 4 },
      ]);
    await expect(
      guardedGet(outboundClient({ reach: onlyPublic, resolve })).getJson(new URL('https://mixed.example/'), 'issuer'),
    ).rejects.toBeInstanceOf(OutboundRefused);
    const nowhere = () => Promise.resolve([]);
    await expect(
      guardedGet(outboundClient({ reach: alsoHere, resolve: nowhere })).getJson(
        new URL('https://nowhere.example/'),
        'issuer',
      ),
    ).rejects.toBeInstanceOf(OutboundRefused);
  });

  it('is called at the address that was checked, whatever the name means a moment later', async () => {
    const url = await serve((request, response) => response.end(JSON.stringify({ host: request.headers.host })));
    let asked = 0;
    const resolve = () => Promise.resolve([{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.5', family: 4 }]);
    url.hostname = 'rebinding.example';
    expect(await guardedGet(outboundClient({ reach: alsoHere, resolve })).getJson(url, 'issuer')).toEqual({
      host: url.host,
    });
    expect(asked).toBe(1);
  });
});

describe('an answer', () => {
  it('is its JSON', async () => {
    const url = await serve((_, response) => response.end('{"a":[1]}'));
    expect(await local.getJson(url, 'issuer')).toEqual({ a: [1] });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['an error', (response) => response.writeHead(500).end('{}')],
    ['no JSON', (response) => response.end('<html>')],
    [
      'without end',
      (response) => {
        const more = () => response.write('1'.repeat(65_536), more);
        more();
      },
    ],
    [
      'cut off',
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"a"');
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ])("that is %s is the issuer's failure", async (_, answer) => {
    const url = await serve((__, response) => answer(response));
    await expect(local.getJson(url, 'issuer')).rejects.toMatchObject({ name: 'StoreFailure', dependency: 'issuer' });
  });

  it('that does not come is waited for five seconds', async () => {
    const url = await serve(() => undefined);
    const started = performance.now();
    await expect(local.getJson(url, 'issuer')).rejects.toBeInstanceOf(StoreFailure);
    expect(performance.now() - started).toBeLessThan(7_000);
  });

  it('of nobody who listens is a failure, and so is a name that is none', async () => {
    await expect(local.getJson(new URL('http://127.0.0.1:1024/'), 'issuer')).rejects.toBeInstanceOf(StoreFailure);
    const failing = () => Promise.reject(new Error('ENOTFOUND'));
    await expect(
      guardedGet(outboundClient({ reach: onlyPublic, resolve: failing })).getJson(
        new URL('https://no.example/'),
        'issuer',
      ),
    ).rejects.toBeInstanceOf(StoreFailure);
  });
});
