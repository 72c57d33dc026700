import type { Digest } from '../../core/oci/digest.ts';

/** The manifest that a signature must be about, as the registry has stored it. */
export interface SignedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The size of the manifest, in bytes. */
  readonly size: number;
}

/** The signer, as far as the signature proves it. */
export interface Signer {
  readonly kind: 'key' | 'identity' | 'certificate';
  /** The name of the key in the policy, the subject alternative name of a keyless certificate, or the leaf's subject. */
  readonly name: string;
  /** The issuer of a keyless identity. */
  readonly issuer?: string;
  /** The SHA-256 of the leaf certificate's DER, in hex; absent for a bare key. */
  readonly thumbprint?: string;
}

/** A statement that was signed about the manifest (in-toto). Its subject is the manifest: the engine has checked it. */
export interface SignedStatement {
  readonly predicateType: string;
  readonly predicate: unknown;
}

/**
 * The answer of an engine about one signature and one authority. A reason is a whole sentence that says what was wrong, and
 * holds nothing of the envelope but what was escaped and cut to 200 characters.
 */
export type Outcome = Verified | Refused;

export interface Verified {
  readonly is: 'verified';
  readonly signer: Signer;
  /** Absent for a plain signature. */
  readonly statement?: SignedStatement;
  /** The time that the proof fixes; absent where it fixes none. */
  readonly signedAt?: Date;
  /** The time after which the signature no longer counts. */
  readonly expiresAt?: Date;
  /** The time at which it is to be verified again, as what was said of revocation counts no longer. */
  readonly verifyAgainAt?: Date;
  /** True where the policy's level lets a signer pass who is not trusted. */
  readonly isUntrusted?: true;
  /** Faults that the policy's level lets pass, a sentence each. */
  readonly notes: readonly string[];
}

interface Refused {
  readonly is: 'refused';
  readonly reason: string;
  /** Further reasons, where there are several. */
  readonly more?: readonly string[];
  /** True where somebody who was asked gave no answer, so that a later answer may be another. */
  readonly isUnanswered?: true;
}
