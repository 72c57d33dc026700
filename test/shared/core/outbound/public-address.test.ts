import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLoopbackAddress,
  isNetwork,
  isPublicAddress,
  reachOf,
} from '../../../../shared/core/outbound/public-address.ts';

describe('an address', () => {
  it.each([
    '8.8.8.8',
    '20.50.2.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a01:111::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::8.8.8.8',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::1',
    '3fff::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2606:4700::1111%1',
    'localhost',
    '',
    '010.0.0.1',
    '0x7f.1',
  ])('%j is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('of IPv4 is public in no form of IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
      }),
    );
  });

  it('is never both public and of this machine', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(isPublicAddress(address) && isLoopbackAddress(address)).toBe(false);
      }),
    );
    expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopbackAddress)).toBe(true);
    expect(['126.0.0.1', '::2', '::ffff:127.0.0.1', 'localhost'].some(isLoopbackAddress)).toBe(false);
  });
});

describe('what the operator opens', () => {
  it('is what lies in one of the networks, and all else is as it was', () => {
    const reach = reachOf(['10.1.0.0/16', 'fd00:1::/64']);
    expect(['10.1.0.0', '10.1.255.255', 'fd00:1::', 'fd00:1::ffff:0:0:1', '8.8.8.8'].map(reach.allows)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(
      [
        '10.0.255.255',
        '10.2.0.0',
        'fd00:1:0:1::',
        '127.0.0.1',
        '::ffff:10.1.0.1',
        'fd00:1::1%eth0',
        '',
        'localhost',
      ].some(reach.allows),
    ).toBe(false);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(reach.allows(address)).toBe(isPublicAddress(address) || reach.isOpened(address));
      }),
    );
  });

  it('never holds a service that hands out credentials', () => {
    const all = reachOf(['0.0.0.0/0', '::/0']);
    expect(
      [
        '169.254.169.254',
        '169.254.130.1',
        '168.63.129.16',
        '100.100.100.200',
        'fe80::1',
        'fd00:ec2::254',
        '::ffff:169.254.169.254',
        '::ffff:0:169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        '2002:a9fe:a9fe::1',
        '2001:0:1::1',
      ].some(all.allows),
    ).toBe(false);
    expect(['127.0.0.1', '::1', '10.0.0.1', 'fd00::1'].every(all.allows)).toBe(true);
  });

  it('is written as networks', () => {
    expect(['10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0', '::/0', 'fd00::/8', '::1/128'].every(isNetwork)).toBe(true);
    expect(
      [
        '10.0.0.0',
        '10.0.0.0/33',
        '10.0.0/8',
        '10.0.0.0/',
        '10.0.0.0/-1',
        '10.0.0.0/8/8',
        'fd00::/129',
        'fe80::%1/64',
        'host/8',
        '',
        '/8',
        ' 10.0.0.0/8',
      ].some(isNetwork),
    ).toBe(false);
  });
});
