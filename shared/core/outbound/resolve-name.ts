import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';

/** All addresses of a name. Rejects when there are none, or when the name servers fail. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

/** For one question to one name server, in milliseconds. */
const patienceMs = 1_500;

/**
 * Asks the name servers, not the system's getaddrinfo: that takes one of Node's four threads for as long as it waits,
 * so that a few names whose servers never answer would hold up every file and name of the process. Neither search
 * domains nor the hosts file are looked at. `servers` as `address:port`; absent, the machine's.
 */
export function nameResolver(servers?: readonly string[]): ResolveName {
  const resolver = new Resolver({ timeout: patienceMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (name) => {
    if (isLocalhost(name))
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ];
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    if (four.status === 'rejected' && six.status === 'rejected')
      throw tellingMore(four.reason as NodeJS.ErrnoException, six.reason as NodeJS.ErrnoException);
    return [...addresses(four, 4), ...addresses(six, 6)];
  };
}

/** RFC 6761 section 6.3: such a name is this machine, whatever a name server says. */
export function isLocalhost(name: string): boolean {
  return /(^|\.)localhost\.*$/i.test(name);
}

function addresses(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
}

/** "No such records" is the usual answer for the family that a host does not have. */
function tellingMore(four: NodeJS.ErrnoException, six: NodeJS.ErrnoException): Error {
  return four.code === 'ENODATA' ? six : four;
}
