import type { LookupFunction } from 'node:net';
import { OutboundRefused } from '../ports/outbound.ts';
import type { Reach } from './public-address.ts';
import type { ResolveName } from './resolve-name.ts';
import { nameResolver } from './resolve-name.ts';

export interface CheckedLookupOptions {
  readonly reach: Reach;
  /** Defaults to the machine's name servers; a test passes its own. */
  readonly resolve?: ResolveName;
}

/**
 * Makes the socket's lookup function, which answers with all addresses of a name when each of them may be connected to.
 * Otherwise it fails with `OutboundRefused`: a second lookup could answer with another address than the one that was
 * checked.
 */
export function checkedLookup({ reach, resolve = nameResolver() }: CheckedLookupOptions): LookupFunction {
  return (name, { all }, callback) => {
    resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(new Error(`${name} has no address`), []);
        else if (!addresses.every(({ address }) => reach.allows(address)))
          callback(
            new OutboundRefused(`${name} has an address that is neither public nor allowed by LONGSHORE_OUTBOUND`),
            [],
          );
        else if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}
