import { constants, verify } from 'node:crypto';
import type { DerItem } from './der.ts';
import { contextTag, membersOf, membersOfTag, oidOf, smallNumberOf, tags } from './der.ts';
import { NotationFault } from './fault.ts';
import type { Hash, KeyFacts } from './keys.ts';
import { hashes } from './time-stamp-info.ts';

const withoutHash = { rsa: '1.2.840.113549.1.1.1', rsaPss: '1.2.840.113549.1.1.10' } as const;
const withHash: Readonly<Record<string, { readonly type: 'RSA' | 'EC'; readonly hash: Hash }>> = {
  '1.2.840.113549.1.1.11': { type: 'RSA', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { type: 'RSA', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { type: 'RSA', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { type: 'EC', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { type: 'EC', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { type: 'EC', hash: 'sha512' },
};

/**
 * Says whether a key has signed these bytes by an algorithm of X.509, as time-stamps, lists of revoked certificates and
 * answers about revocation are signed. `digest` is the hash where the algorithm is plain RSA, as time-stamps have it.
 * Throws `NotationFault` for an algorithm that is not allowed: SHA-1 is none of them.
 */
export function isSignedBy(
  bytes: Uint8Array,
  algorithm: DerItem | undefined,
  signature: Uint8Array,
  { key, type }: KeyFacts,
  digest?: Hash,
): boolean {
  const [item, parameters] = membersOfTag(algorithm, tags.sequence);
  const oid = oidOf(item);
  const scheme = withHash[oid];
  if (scheme !== undefined) return scheme.type === type && verify(scheme.hash, bytes, key, signature);
  if (oid === withoutHash.rsa && digest !== undefined) return type === 'RSA' && verify(digest, bytes, key, signature);
  if (oid !== withoutHash.rsaPss) throw new NotationFault('It is signed by an algorithm that is not allowed.');
  const { hash, saltLength } = pssIn(parameters);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return type === 'RSA' && verify(hash, bytes, { key, padding, saltLength }, signature);
}

/** Node takes the same hash for the mask, as everybody does; a signature with two hashes does not verify. */
function pssIn(parameters: DerItem | undefined): { readonly hash: Hash; readonly saltLength: number } {
  const members = membersOfTag(parameters, tags.sequence);
  const [algorithm] = members.filter(({ tag }) => tag === contextTag(0)).flatMap(membersOf);
  const [salt] = members.filter(({ tag }) => tag === contextTag(2)).flatMap(membersOf);
  const hash = algorithm === undefined ? undefined : hashes[oidOf(membersOf(algorithm)[0])];
  if (hash === undefined) throw new NotationFault('It is signed over a hash that is not allowed: SHA-2 is needed.');
  const saltLength = salt === undefined ? 20 : smallNumberOf(salt);
  if (saltLength > 64) throw new NotationFault('It is signed with a salt that is too long.');
  return { hash, saltLength };
}
