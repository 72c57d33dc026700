import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from '../../../../shared/core/http/client-address.ts';
import { rememberPeer } from '../../../../shared/core/http/peer.ts';

function addressOf(hops: number, peer: string | undefined, forwarded?: string): string | undefined {
  const request = new Request(
    'http://registry.test/',
    forwarded === undefined ? {} : { headers: { 'x-forwarded-for': forwarded } },
  );
  rememberPeer(request, peer);
  return clientAddress(hops)(request);
}

describe('the address of a client', () => {
  it.each<[number, string | undefined, string | undefined, string | undefined]>([
    [0, '192.0.2.1', undefined, '192.0.2.1'],
    [0, '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    [0, undefined, '203.0.113.9', undefined],
    [1, '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    [1, '10.0.0.1', '1.1.1.1, 8.8.8.8,203.0.113.9', '203.0.113.9'],
    [1, undefined, '1.1.1.1, 203.0.113.9:4711', '203.0.113.9'],
    [2, '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    [2, '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    [1, '10.0.0.1', undefined, '10.0.0.1'],
    [1, '10.0.0.1', 'unknown', undefined],
    [1, '10.0.0.1', '1.1.1.1,', undefined],
  ])('behind %i proxies, of a connection from %s with X-Forwarded-For %s, is %s', (hops, peer, forwarded, address) => {
    expect(addressOf(hops, peer, forwarded)).toBe(address);
  });

  it.each<[string, string | undefined]>([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:80', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', undefined],
    ['192.0.2.256', undefined],
    ['localhost', undefined],
    ['2001:db8::1::2', undefined],
    ['[192.0.2.1', undefined],
    ['a'.repeat(60_000), undefined],
  ])('%s counts as %s', (text, network) => {
    expect(networkOf(text)).toBe(network);
  });
});
