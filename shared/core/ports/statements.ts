import type { Digest } from '../oci/digest.ts';
import type { ManifestMediaType } from '../oci/media-types.ts';
import type { RepositoryKey } from '../oci/name.ts';

/** A statement about a manifest whose signature was verified. */
export interface SignedStatementOf {
  /** The trust policy by whose authorities it counts. */
  readonly policy: string;
  /** The signer, as far as the signature proves it. */
  readonly signer: string;
  readonly predicateType: string;
  readonly predicate: unknown;
}

export interface ReadStatements {
  /**
   * Reads the signed statements about a manifest whose predicate type begins with `predicateType`, as far as the
   * authorities of these trust policies have signed them. Nobody who may merely push can add one. Throws
   * `StoreFailure`.
   */
  signedStatements(
    key: RepositoryKey,
    manifest: { readonly digest: Digest; readonly mediaType: ManifestMediaType; readonly size: number },
    predicateType: string,
    policies: readonly string[],
  ): Promise<readonly SignedStatementOf[]>;
}
