import type { SignedAttributes } from './attributes.ts';

/** Both kinds of envelopes hold these. Nothing of it is proven until the signature is. */
export interface Envelope {
  /** The algorithm that the envelope names, in the words of JWS. */
  readonly algorithm: string;
  /** The bytes that were signed. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly contentType: string;
  readonly payload: Buffer;
  readonly attributes: SignedAttributes;
  /** The certificates in DER, the signer's first. */
  readonly chain: readonly Buffer[];
  /** The RFC 3161 token over the signature; absent where there is none. */
  readonly timestamp: Buffer | undefined;
}
