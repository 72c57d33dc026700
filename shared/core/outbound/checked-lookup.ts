import type { LookupFunction } from 'node:net';
import { OutboundRefused } from '../ports/outbound.ts';
import type { Reach } from './public-address.ts';
import type { ResolveName } from './resolve-name.ts';
import { nameResolver } from './resolve-name.ts';

export interface CheckedLookupOptions {
  readonly reach: Reach;
  /** The machine's name servers unless a test has its own. */
  readonly resolve?: ResolveName;
}

/**
 * Answers the socket's question for a name's address with all that it has, if each may be connected to: a second
 * look-up could say something else.
 */
export function checkedLookup({ reach, resolve = nameResolver() }: CheckedLookupOptions): LookupFunction {
  return (name, { all }, callback) => {
    resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(new Error(`${name} has no address`), []);
        else if (!addresses.every(({ address }) => reach.allows(address)))
          callback(
            new OutboundRefused(`${name} has an address that is neither public nor opened with LONGSHORE_OUTBOUND`),
            [],
          );
        else if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}
