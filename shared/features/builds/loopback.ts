const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=:\d+$|$)/;

/** Whether a host, with or without a port, is this machine: registries there speak no TLS. */
export function isLoopbackHost(host: string): boolean {
  return loopback.test(host);
}

/** A machine's own names are one: who builds there says either. */
export function isSameHost(a: string, b: string): boolean {
  return (
    a.toLowerCase() === b.toLowerCase() ||
    (loopback.test(a) && loopback.test(b) && a.replace(loopback, '') === b.replace(loopback, ''))
  );
}
