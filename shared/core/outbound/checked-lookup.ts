import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { OutboundRefused } from '../ports/outbound.ts';
import type { ResolveName } from './resolve-name.ts';

/** Thrown for a name that exists and has no address. */
export class NoAddress extends Error {
  override readonly name = 'NoAddress';
}

export interface AddressRule {
  readonly resolve: ResolveName;
  /** Says whether an address may be connected to. */
  readonly allows: (address: string) => boolean;
  /** Says why a host is refused of which one address may not. */
  readonly refusal: (host: string) => string;
}

/**
 * Returns all addresses of a host, which is a name or an address itself, when each of them may be connected to. Throws
 * `OutboundRefused` when one may not: a second lookup could answer with another address than the one that was checked.
 */
export async function allowedAddresses(
  host: string,
  { resolve, allows, refusal }: AddressRule,
): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
  const family = isIP(host);
  const [first, ...others] = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (first === undefined) throw new NoAddress(`${host} has no address`);
  if (![first, ...others].every(({ address }) => allows(address))) throw new OutboundRefused(refusal(host));
  return [first, ...others];
}

/** Makes the socket's lookup function: the connection goes to an address that was checked. */
export function checkedLookup(rule: AddressRule): LookupFunction {
  return (name, { all }, callback) => {
    allowedAddresses(name, rule).then(
      ([first, ...others]) => {
        if (all === true) callback(null, [first, ...others]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}
