import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { RegistryError } from '../oci/faults.ts';

/** The part of a request's head that says which host it is for, and which web page sent it. */
export interface Addressed {
  readonly method: string;
  readonly path: string;
  /** The host with its port. */
  readonly host: string;
  /** The header `Origin`, which browsers send and registry clients do not. */
  readonly origin: string | null | undefined;
}

/** No name and no address has another character. Challenges and links contain the host, so it must not have one. */
const hostShape = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i;
const maxPort = 65_535;

/**
 * The host names that are accepted in requests. A web page can let a name of its own point to this machine (DNS
 * rebinding), and the browser then lets it send requests and read the answers; where everybody may do everything, a
 * stranger's page would be the administrator.
 */
export class HostNames {
  readonly #names: ReadonlySet<string>;
  readonly #hasMachine: boolean;
  /** The host that was accepted last, which is that of nearly all requests. */
  #last = '';

  /** Accepts `names`, and unless it gets `no others`, those of this machine. */
  constructor(names: readonly string[] = [], besides: 'machine' | 'no others' = 'machine') {
    this.#hasMachine = besides === 'machine';
    this.#names = new Set(
      [...(this.#hasMachine ? ['localhost', '127.0.0.1', '::1', hostname()] : []), ...names].map(bare),
    );
  }

  /** Returns these names with `more`. */
  and(more: readonly string[]): HostNames {
    return new HostNames([...this.#names, ...more], this.#hasMachine ? 'machine' : 'no others');
  }

  has(host: string): boolean {
    if (host === this.#last) return true;
    const name = nameOf(host);
    const isOurs = this.#names.has(name) || (this.#hasMachine && isIP(name) !== 0 && addressesOfMachine().has(name));
    if (isOurs) this.#last = host;
    return isOurs;
  }
}

/** Removes brackets, and the dot that ends a name at the root. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** Returns the name in a request's host for comparisons: without port, in lower case, without the root's dot. */
export function nameOf(host: string): string {
  return bare(host.replace(/:\d*$/, ''));
}

/** Returns this machine's addresses. They are read each time, because a laptop moves from network to network. */
function addressesOfMachine(): Set<string> {
  return new Set(
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map(({ address }) => address.toLowerCase()),
  );
}

/**
 * The path that accepts every host: it changes nothing, and load balancers and monitors name a machine as they like, or
 * not at all.
 */
const healthPath = '/healthz';

/**
 * Refuses a request for a host that is not accepted; `names` are absent where any is. Throws `RegistryError`
 * (`request-invalid`, `misdirected`, `denied`).
 */
export function requireOwnHost(names: HostNames | undefined, { method, path, host, origin }: Addressed): void {
  const shape = hostShape.exec(host);
  // The port must be valid, for no URL has an invalid one, and the Functions host would fail.
  if (shape === null || Number(shape[1] ?? 0) > maxPort)
    throw new RegistryError({
      is: 'request-invalid',
      why: 'the header Host must be a name or an address, with a port unless it is the usual one',
    });
  if (names === undefined || path === healthPath) return;
  if (!names.has(host)) throw new RegistryError({ is: 'misdirected', host });
  // A browser sends a form, or a text, from any page to any address, without asking first.
  if (typeof origin === 'string' && method !== 'GET' && method !== 'HEAD' && !isOwnPage(names, origin)) {
    throw new RegistryError({
      is: 'denied',
      why:
        `a web page of ${origin.slice(0, 200)} may change nothing here: only pages of this machine, or ` +
        'of LONGSHORE_PUBLIC_URL, may',
    });
  }
}

function isOwnPage(names: HostNames, origin: string): boolean {
  return URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && names.has(new URL(origin).host);
}
