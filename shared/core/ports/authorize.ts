import type { Access, Challenge, RepositoryAction } from '../oci/access.ts';
import type { RepositoryName } from '../oci/name.ts';
import type { Principal } from '../oci/principal.ts';

export type { Access, Challenge, RepositoryAction };

/** The caller of a request, once its identity is proven. */
export interface Caller {
  /** The name of the caller in events and logs. */
  readonly actor: string;
  /**
   * The identity behind its pushes, for what is done with them later; absent where nobody is known whose rights could
   * be asked for then.
   */
  readonly principal?: Principal;
  /** True when no credentials came: an operation that needs no access by name still needs a caller who is known. */
  readonly anonymous?: boolean;
  /** True when its token was not requested for the catalog: with another token it may see more of that. */
  readonly withoutCatalog?: boolean;
  /**
   * The challenge that a refusal carries; absent when no other credentials would help, so that the caller is denied.
   */
  readonly challenge?: Challenge;
  /** Says whether the caller has a right; it denies all that was not granted. Reads no store. */
  may(access: Access): boolean;
}

/** The caller of a request, and the request. */
export interface Asker {
  readonly request: Request;
  readonly caller: Caller;
}

export interface IdentifyCaller {
  /**
   * Identifies the caller of a request, anonymous ones included. It is called once per request, for it also counts
   * against rate limits. `needed` is what the request needs: a challenge repeats it, and nothing is decided by it here.
   * Throws `RegistryError` (`unauthorized`) for credentials that are wrong or expired, (`too-many-requests`) past a
   * limit, and `StoreFailure` when they cannot be checked: it never returns a weaker caller instead.
   */
  identify(request: Request, needed: readonly Access[]): Promise<Caller>;
}

/** Grants everyone every right, as on the local stack on loopback. */
export const openToAll: IdentifyCaller = {
  identify: () => Promise.resolve({ actor: 'anonymous', principal: { is: 'anonymous' }, may: () => true }),
};

/**
 * Issues a token to an identity that is not the caller of a request yet, for these repositories alone, at this host,
 * until then. Throws `StoreFailure`.
 */
export type IssueAccess = (token: {
  readonly to: string;
  readonly access: readonly { readonly name: RepositoryName; readonly actions: readonly RepositoryAction[] }[];
  readonly host: string;
  readonly until: Date;
}) => Promise<string>;
