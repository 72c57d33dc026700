import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardedPost } from '../../../../shared/core/outbound/guarded-post.ts';
import type { OutboundClientOptions } from '../../../../shared/core/outbound/outbound-client.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { checkTarget } from '../../../../shared/core/outbound/outbound-target.ts';
import { loopbackNetworks, reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { nameResolver } from '../../../../shared/core/outbound/resolve-name.ts';
import { connectionsDuring } from '../http/connections.ts';
import type { NameServer } from '../http/name-server.ts';
import { startNameServer } from '../http/name-server.ts';
import type { Receiver } from '../http/receiver.ts';
import { startReceiver } from '../http/receiver.ts';

/** PORT is that of a listener on every address of this machine. */
const refusedAsText: readonly (readonly [string, string])[] = [
  ['loopback', 'http://127.0.0.1:PORT/'],
  ['loopback, another of its addresses', 'http://127.8.9.10:PORT/'],
  ['loopback in one number', 'http://2130706433:PORT/'],
  ['loopback in hexadecimal', 'http://0x7f000001:PORT/'],
  ['loopback in octal', 'http://017700000001:PORT/'],
  ['loopback in short', 'http://127.1:PORT/'],
  ['loopback, short and hexadecimal', 'http://0x7f.1:PORT/'],
  ['loopback, octal by part', 'http://0177.0.0.01:PORT/'],
  ['loopback, all three mixed', 'http://0x7f.0.01:PORT/'],
  ['loopback with a dot behind', 'http://127.0.0.1.:PORT/'],
  ['loopback in full-width digits', 'http://１２７.０.０.１:PORT/'],
  ['loopback in circled digits', 'http://①②⑦.⓪.⓪.①:PORT/'],
  ['loopback with ideographic full stops', 'http://127。0。0。1:PORT/'],
  ['loopback in percent-encoding', 'http://%31%32%37.0.0.1:PORT/'],
  ['localhost', 'http://localhost:PORT/'],
  ['localhost with a dot behind', 'http://localhost.:PORT/'],
  ['LOCALHOST', 'http://LOCALHOST:PORT/'],
  ['below localhost', 'http://hook.localhost:PORT/'],
  ['localhost in full width', 'http://ｌｏｃａｌｈｏｓｔ:PORT/'],
  ['zero', 'http://0:PORT/'],
  ['zeros', 'http://0.0.0.0:PORT/'],
  ['loopback of IPv6', 'http://[::1]:PORT/'],
  ['loopback of IPv6, written out', 'http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/'],
  ['no address of IPv6', 'http://[::]:PORT/'],
  ['loopback, mapped', 'http://[::ffff:127.0.0.1]:PORT/'],
  ['loopback, mapped and hexadecimal', 'http://[::ffff:7f00:1]:PORT/'],
  ['loopback, compatible', 'http://[::127.0.0.1]:PORT/'],
  ['loopback, translated', 'http://[::ffff:0:127.0.0.1]:PORT/'],
  ['metadata', 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'],
  ['metadata in one number', 'http://2852039166/'],
  ['metadata in hexadecimal', 'http://0xa9fea9fe/'],
  ['metadata, octal by part', 'http://0251.0376.0251.0376/'],
  ['metadata in full-width digits', 'http://１６９.２５４.１６９.２５４/'],
  ['metadata, mapped', 'http://[::ffff:169.254.169.254]/'],
  ['metadata through NAT64', 'http://[64:ff9b::169.254.169.254]/'],
  ['metadata through local NAT64', 'http://[64:ff9b:1::a9fe:a9fe]/'],
  ['metadata through 6to4', 'http://[2002:a9fe:a9fe::1]/'],
  ['loopback through Teredo', 'http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/'],
  ['metadata of Amazon over IPv6', 'http://[fd00:ec2::254]/'],
  ['metadata of Alibaba', 'http://100.100.100.200/'],
  ['the platform of Azure', 'http://168.63.129.16/'],
  ['the identity endpoint of App Service', 'http://169.254.129.4:8081/msi/token'],
  ['a private network 10', 'https://10.0.0.5/'],
  ['a private network 172', 'https://172.16.0.1/'],
  ['a private network 192', 'https://192.168.1.1/'],
  ['a shared network', 'https://100.64.0.1/'],
  ['a network for benchmarks', 'https://198.18.0.1/'],
  ['a network for documentation', 'https://203.0.113.7/'],
  ['multicast', 'https://224.0.0.1/'],
  ['broadcast', 'https://255.255.255.255/'],
  ['a reserved network', 'https://240.0.0.1/'],
  ['unique-local', 'https://[fd12:3456::1]/'],
  ['link-local', 'https://[fe80::1]/'],
  ['link-local with a zone', 'https://[fe80::1%25eth0]/'],
  ['link-local with a bare zone', 'https://[fe80::1%eth0]/'],
  ['site-local', 'https://[fec0::1]/'],
  ['multicast of IPv6', 'https://[ff02::1]/'],
  ['documentation of IPv6', 'https://[2001:db8::1]/'],
  ['discard-only', 'https://[100::1]/'],
  ['a user', 'https://user@8.8.8.8/'],
  ['a user and a password', 'https://user:secret@8.8.8.8/'],
  ['a password alone', 'https://:secret@8.8.8.8/'],
  ['a user that looks like a host', 'https://example.com@127.0.0.1:PORT/'],
  ['a user that looks like a host, encoded', 'https://example.com%40evil@127.0.0.1:PORT/'],
  ['a backslash before the real host', 'http://127.0.0.1:PORT\\@example.com/'],
  ['backslashes all over', 'http:\\\\127.0.0.1:PORT\\'],
  ['a fragment', 'https://8.8.8.8/#here'],
  ['an empty fragment', 'https://8.8.8.8/#'],
  ['a fragment that looks like a host', 'http://127.0.0.1:PORT#@example.com/'],
  ['the port of SSH', 'https://8.8.8.8:22/'],
  ['the port of SMTP', 'https://8.8.8.8:25/'],
  ['the port of DNS', 'http://8.8.8.8:53/'],
  ['the highest port below', 'http://8.8.8.8:1023/'],
  ['port zero', 'http://8.8.8.8:0/'],
  ['a port beyond all', 'http://8.8.8.8:65536/'],
  ['a line end in the host', 'http://127.0.0.1\r\n:PORT/'],
  ['a line end in the path', 'http://8.8.8.8/a\r\nX-Injected: yes'],
  ['a tab in the host', 'http://8.8\t.8.8/'],
  ['a blank before', ' http://8.8.8.8/'],
  ['files', 'file:///etc/passwd'],
  ['gopher', 'gopher://127.0.0.1:PORT/_POST'],
  ['ftp', 'ftp://8.8.8.8/'],
  ['a script', 'javascript:alert(1)'],
  ['data', 'data:text/plain,hello'],
  ['a socket', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/'],
  ['web sockets', 'ws://8.8.8.8/'],
  ['no scheme', '//8.8.8.8/'],
  ['no host', 'http:///'],
  ['no URL', 'hook'],
  ['nothing', ''],
  ['too long', `https://8.8.8.8/${'a'.repeat(2_048)}`],
  ['a number too large for an address', 'http://4294967296/'],
  ['a part too large for an address', 'http://127.0.0.256/'],
];

/** The addresses in a name server's answers to both questions, A and AAAA; the right family is picked. */
const refusedAsNames: readonly (readonly [string, readonly string[]])[] = [
  ['loopback', ['127.0.0.1']],
  ['loopback of both families', ['127.0.0.1', '::1']],
  ['no address but zeros', ['0.0.0.0']],
  ['metadata', ['169.254.169.254']],
  ['the platform of Azure', ['168.63.129.16']],
  ['metadata of Alibaba', ['100.100.100.200']],
  ['a private network', ['10.1.2.3']],
  ['a shared network', ['100.64.3.4']],
  ['public and private addresses', ['8.8.8.8', '10.0.0.5']],
  ['private and public addresses', ['192.168.0.9', '8.8.8.8']],
  ['public IPv4 and loopback of IPv6', ['8.8.8.8', '::1']],
  ['public IPv6 and loopback of IPv4', ['2606:4700::1111', '127.0.0.1']],
  ['loopback, mapped', ['::ffff:127.0.0.1']],
  ['a public address, mapped', ['::ffff:8.8.8.8']],
  ['loopback through NAT64', ['64:ff9b::7f00:1']],
  ['loopback through 6to4', ['2002:7f00:1::1']],
  ['loopback through Teredo', ['2001:0:4136:e378:8000:63bf:80ff:fffe']],
  ['link-local', ['fe80::1']],
  ['unique-local', ['fd00::1']],
  ['multicast', ['ff02::1']],
  ['multicast of IPv4', ['239.1.1.1']],
];

let receiver: Receiver;
let names: NameServer;
let sender: ReturnType<typeof senderOf>;

function senderOf(options: OutboundClientOptions) {
  const client = outboundClient(options);
  return { ...guardedPost(client), close: () => client.close() };
}

beforeAll(async () => {
  receiver = await startReceiver((_, response) => void response.end());
  names = await startNameServer((name) => refusedAsNames[Number(/^n(\d+)\./.exec(name)?.[1])]?.[1]);
  sender = senderOf({ reach: reachOf([]), resolve: nameResolver([names.address]) });
});

afterAll(async () => {
  await sender.close();
  await receiver.stop();
  names.stop();
});

async function attempts(text: string): Promise<{ outcome: unknown; connections: number }> {
  let outcome: unknown;
  const connections = await connectionsDuring(async () => {
    outcome = await sender.post({ dependency: 'receiver', url: new URL(text), headers: {}, body: '{}' });
  });
  return { outcome, connections };
}

describe('a URL that is meant to lead the registry astray', () => {
  it.each(refusedAsText)('is refused where it is written, and again where it is called: %s, %j', async (_, pattern) => {
    const text = pattern.replace('PORT', String(receiver.port));
    expect(checkTarget(text, reachOf([]))).toMatch(/^must /);
    // Some are wrong only as they are written; what the parser makes of them is harmless, and is not called here.
    if (!URL.canParse(text) || checkTarget(new URL(text), reachOf([])) === undefined) return;
    expect(await attempts(text)).toEqual({
      outcome: {
        is: 'refused',
        why: expect.stringMatching(/^the URL must /) as string,
        ms: expect.any(Number) as number,
      },
      connections: 0,
    });
  });

  it.each(refusedAsNames.map(([what], index) => [what, `n${index}.example`] as const))(
    'is refused when its name means %s',
    async (_, name) => {
      expect(checkTarget(`https://${name}/`, reachOf([]))).toBeUndefined();
      const { outcome, connections } = await attempts(`http://${name}:${receiver.port}/`);
      expect(outcome).toMatchObject({
        is: 'refused',
        why: `${name} has an address that is neither public nor opened with LONGSHORE_OUTBOUND`,
      });
      expect(connections).toBe(0);
    },
  );

  it('has connected to nothing, which would have been noticed', async () => {
    expect(receiver.connections()).toBe(0);
    const open = senderOf({ reach: reachOf(loopbackNetworks) });
    const tried = await connectionsDuring(() =>
      open.post({
        dependency: 'receiver',
        url: new URL(`http://127.0.0.1:${receiver.port}/`),
        headers: {},
        body: '{}',
      }),
    );
    await open.close();
    expect([tried, receiver.connections()]).toEqual([1, 1]);
  });
});

describe('a name that changes what it means', () => {
  it('is asked for once a connection, and checked again at the next', async () => {
    let answers = 0;
    const changing = await startNameServer((_, type) =>
      type === 'A' ? [answers++ === 0 ? '127.0.0.1' : '127.0.0.2'] : [],
    );
    const closing = await startReceiver((_, response) => void response.setHeader('connection', 'close').end());
    const rebound = senderOf({ reach: reachOf(['127.0.0.1/32']), resolve: nameResolver([changing.address]) });
    const request = {
      dependency: 'receiver' as const,
      url: new URL(`http://changing.example:${closing.port}/`),
      headers: {},
      body: '{}',
    };
    expect(await rebound.post(request)).toMatchObject({ is: 'answered', status: 200 });
    expect(changing.asked.toSorted()).toEqual(['A changing.example', 'AAAA changing.example']);
    expect(await rebound.post(request)).toMatchObject({ is: 'refused' });
    expect(closing.connections()).toBe(1);
    await rebound.close();
    await closing.stop();
    changing.stop();
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'with %i to somewhere else is an answer like others, and nobody goes there',
    async (status) => {
      const elsewhere = await startReceiver((_, response) => void response.end());
      const targets = ['http://169.254.169.254/metadata/identity', `http://127.0.0.1:${elsewhere.port}/`];
      for (const location of targets) {
        const from = await startReceiver((_, response) => void response.writeHead(status, { location }).end());
        const open = senderOf({ reach: reachOf(loopbackNetworks) });
        const tried = await connectionsDuring(async () => {
          expect(
            await open.post({
              dependency: 'receiver',
              url: new URL(`http://127.0.0.1:${from.port}/`),
              headers: {},
              body: '{}',
            }),
          ).toMatchObject({ is: 'answered', status, headers: { location } });
        });
        expect(tried).toBe(1);
        await open.close();
        await from.stop();
      }
      expect(elsewhere.connections()).toBe(0);
      await elsewhere.stop();
    },
  );
});

describe('networks that the operator opens', () => {
  it('leave ports, users and metadata services as they are', () => {
    const wide = reachOf(['0.0.0.0/0', '::/0']);
    expect(
      [
        'http://127.0.0.1:8080/',
        'http://localhost:8080/',
        'http://10.0.0.5/',
        'http://[fd00::1]/',
        'http://8.8.8.8:6379/',
      ].map((text) => checkTarget(text, wide)),
    ).toEqual(Array(5).fill(undefined));
    for (const text of [
      'http://10.0.0.5:22/',
      'http://u:p@10.0.0.5/',
      'http://169.254.169.254/',
      'http://168.63.129.16/',
      'http://100.100.100.200/',
      'http://[fe80::1]/',
      'http://[fd00:ec2::254]/',
    ]) {
      expect(checkTarget(text, wide)).toMatch(/^must /);
    }
  });
});
