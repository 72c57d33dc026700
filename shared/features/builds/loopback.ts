const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=:\d+$|$)/;

/** Says whether a host, with or without a port, is this machine: registries there do not use TLS. */
export function isLoopbackHost(host: string): boolean {
  return loopback.test(host);
}

/**
 * Says whether two hosts are the same. The names of this machine are one host, since a builder there may use any of
 * them.
 */
export function isSameHost(a: string, b: string): boolean {
  return (
    a.toLowerCase() === b.toLowerCase() ||
    (loopback.test(a) && loopback.test(b) && a.replace(loopback, '') === b.replace(loopback, ''))
  );
}
