import type { KeyObject } from 'node:crypto';
import { createHash, timingSafeEqual } from 'node:crypto';
import { dsse } from '@sigstore/core';
import type { SignedEntity } from '@sigstore/verify';
import { isSignedBy } from './keys.ts';

type SignatureContent = SignedEntity['signature'];

/** A signed content, in its form: the payload of a DSSE envelope, cosign's simple signing, or the manifest's own bytes. */
export type Signed =
  | { readonly is: 'envelope'; readonly payloadType: string; readonly payload: Buffer }
  | { readonly is: 'simple-signing'; readonly payload: Buffer }
  | { readonly is: 'manifest'; readonly payload: Buffer };

/** Returns the bytes that the signature is made over. */
export function signedBytes(signed: Signed): Buffer {
  return signed.is === 'envelope' ? dsse.preAuthEncoding(signed.payloadType, signed.payload) : signed.payload;
}

const hashes: ReadonlyMap<number, string> = new Map([
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
]);

/**
 * Gives the verifying library what it compares. Its own contents know one hash for each kind of content, and no Ed25519
 * over payloads: cosign makes both. `stamped` are the bytes that timestamps are about, which cosign's older
 * attestations have of the whole envelope instead of the signature.
 */
export function contentOf(signed: Signed, signature: Buffer, stamped: Buffer): SignatureContent {
  const bytes = signedBytes(signed);
  return {
    signature: stamped,
    compareSignature: (other) => isEqual(other, signature),
    compareDigest: (digest) => isDigestOf(digest, signed.payload),
    compareSignedDigest: (digest) => isDigestOf(digest, bytes),
    verifySignature: (key: KeyObject) => isSignedBy(key, bytes, signature),
  };
}

/** Says whether a digest is that of the bytes; its length tells the hash. */
export function isDigestOf(digest: Buffer, bytes: Buffer): boolean {
  const hash = hashes.get(digest.length);
  return hash !== undefined && isEqual(digest, createHash(hash).update(bytes).digest());
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
