import { isIP } from 'node:net';
import { peerOf } from './peer.ts';

/**
 * Returns the address that limits count by: an IPv4 address, or the /64 of an IPv6 one; `undefined` where it is not
 * known.
 */
export type ClientAddress = (request: Request) => string | undefined;

/**
 * Reads a client's address. `trustedHops` is how many proxies stand before the app, each of which adds to
 * `X-Forwarded-For` the address that has connected to it. As many entries are believed, counted from the end: the
 * client may have written those before them itself. With none, or if the header has fewer, it is the connection's
 * address, which the Functions host does not pass on.
 */
export function clientAddress(trustedHops: number): ClientAddress {
  return (request) => {
    const forwarded =
      trustedHops === 0 ? undefined : request.headers.get('x-forwarded-for')?.split(',').at(-trustedHops);
    const address = forwarded ?? peerOf(request);
    return address === undefined ? undefined : networkOf(address);
  };
}

/**
 * Returns the network of an address; `undefined` for a text that is no address. A client with IPv6 has a whole /64 to
 * itself, so one address of it says nothing.
 */
export function networkOf(text: string): string | undefined {
  const address = withoutPort(text.trim());
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6) return undefined;
  const groups = groupsOf(address);
  // The address is that of an IPv4 client of a socket for both families.
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/**
 * Removes the port from `192.0.2.1:1234` and `[2001:db8::1]:1234`, as Azure's front ends write them, and zones as in
 * `fe80::1%eth0`.
 */
function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]{1,64})\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, four] = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text) ?? [];
  return (bracketed ?? four ?? text).replace(/%[^%]*$/, '');
}

/** Returns the eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [, before = address, four] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const [one = 0, two = 0, three = 0, last = 0] = (four ?? '').split('.').map(Number);
  const hex =
    four === undefined ? before : `${before}${((one << 8) | two).toString(16)}:${((three << 8) | last).toString(16)}`;
  const [head = '', tail] = hex.split('::');
  const [left, right] = [head, tail ?? ''].map((half) =>
    half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16)),
  );
  const filled = new Array<number>(8 - (left?.length ?? 0) - (right?.length ?? 0)).fill(0);
  return [...(left ?? []), ...filled, ...(right ?? [])];
}
