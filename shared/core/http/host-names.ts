import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { RegistryError } from '../oci/faults.ts';

/** What the head of a request says of where it was meant to go, and which web page sent it. */
export interface Addressed {
  readonly method: string;
  readonly path: string;
  /** With its port. */
  readonly host: string;
  /** The header `Origin`: browsers send it, registry clients do not. */
  readonly origin: string | null | undefined;
}

/** No name and no address has another letter. What goes into challenges and links is made of it. */
const hostShape = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i;
const maxPort = 65_535;

/**
 * The names that requests may come to. A page of the web can let a name of its own point to this machine (DNS
 * rebinding), and the browser then lets it ask and read; where everybody may do everything, the page of a stranger
 * would be the administrator.
 */
export class HostNames {
  readonly #names: ReadonlySet<string>;
  readonly #hasMachine: boolean;
  /** Of nearly all requests: it has been looked at. */
  #last = '';

  /** `names`, and those of this machine where it has its `machine` beside them. */
  constructor(names: readonly string[] = [], besides: 'machine' | 'no others' = 'machine') {
    this.#hasMachine = besides === 'machine';
    this.#names = new Set(
      [...(this.#hasMachine ? ['localhost', '127.0.0.1', '::1', hostname()] : []), ...names].map(bare),
    );
  }

  /** These and `more`. */
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

/** Without brackets and the dot that ends a name from the root. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** The name in a request's host, as names are compared: without port, in lower case, without the dot of the root. */
export function nameOf(host: string): string {
  return bare(host.replace(/:\d*$/, ''));
}

/** They change while the process runs: a laptop moves from network to network. */
function addressesOfMachine(): Set<string> {
  return new Set(
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map(({ address }) => address.toLowerCase()),
  );
}

/** It changes nothing, and who balances or watches calls a machine whatever he likes, or nothing. */
const healthPath = '/healthz';

/**
 * `names` are absent where requests may come to any. Throws `RegistryError` (`request-invalid`, `misdirected`,
 * `denied`).
 */
export function requireOwnHost(names: HostNames | undefined, { method, path, host, origin }: Addressed): void {
  const shape = hostShape.exec(host);
  // With a port that is none the Functions host would fail, as no URL has such a one.
  if (shape === null || Number(shape[1] ?? 0) > maxPort)
    throw new RegistryError({
      is: 'request-invalid',
      why: 'the header Host must be a name or an address, with a port where it is not the usual one',
    });
  if (names === undefined || path === healthPath) return;
  if (!names.has(host)) throw new RegistryError({ is: 'misdirected', host });
  // The browser sends a form, or a text, from any page to any address, and asks nobody before it does.
  if (typeof origin === 'string' && method !== 'GET' && method !== 'HEAD' && !isOwnPage(names, origin)) {
    throw new RegistryError({
      is: 'denied',
      why: `a page of ${origin.slice(0, 200)} may change nothing here: only pages of this machine, or of LONGSHORE_PUBLIC_URL, may`,
    });
  }
}

function isOwnPage(names: HostNames, origin: string): boolean {
  return URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && names.has(new URL(origin).host);
}
