import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';

/** Resolves a name to all of its addresses. Rejects when there are none, or when the name servers fail. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

/** One query to one name server may take this many milliseconds. */
const timeoutMs = 1_500;

/**
 * Asks the name servers, not the system's getaddrinfo: that blocks one of Node's four threads for as long as it waits,
 * so that a few names whose servers never answer would hold up every file and name of the process. Search domains and
 * the hosts file are not used. `servers` are given as `address:port`; the machine's are the default.
 */
export function nameResolver(servers?: readonly string[]): ResolveName {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (name) => {
    if (isLocalhost(name))
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ];
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    if (four.status === 'rejected' && six.status === 'rejected')
      throw clearerError(four.reason as NodeJS.ErrnoException, six.reason as NodeJS.ErrnoException);
    return [...addresses(four, 4), ...addresses(six, 6)];
  };
}

/** Says whether a name is this machine, whatever a name server answers (RFC 6761, section 6.3). */
export function isLocalhost(name: string): boolean {
  return /(^|\.)localhost\.*$/i.test(name);
}

function addresses(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
}

/** Chooses the error that says more: "no such records" is the usual answer for the family that a host does not have. */
function clearerError(four: NodeJS.ErrnoException, six: NodeJS.ErrnoException): Error {
  return four.code === 'ENODATA' ? six : four;
}
