import type { Access, Challenge, RepositoryAction } from '../oci/access.ts';
import type { RepositoryName } from '../oci/name.ts';
import type { Principal } from '../oci/principal.ts';

export type { Access, Challenge, RepositoryAction };

/** Who asks, once that is proven. */
export interface Caller {
  /** What events and logs call it. */
  readonly actor: string;
  /** Who that is, for what is done with its push later; absent where nobody is known who could be asked about then. */
  readonly principal?: Principal;
  /** It showed no credentials: what needs no access by name still needs to know who asks. */
  readonly anonymous?: boolean;
  /** It showed a token that was not asked for the catalog: with another it may see more of that. */
  readonly withoutCatalog?: boolean;
  /** How a refusal invites it to come again; absent when no other credentials would help: then it is denied. */
  readonly challenge?: Challenge;
  /** Denies what it was not given. Reads no store. */
  may(access: Access): boolean;
}

export interface IdentifyCaller {
  /**
   * The caller of a request, anonymous ones included; asked once per request, for it also counts against rate limits.
   * `needed` is what the request needs: a challenge repeats it, and nothing is decided by it here. Throws
   * `RegistryError` (`unauthorized`) for credentials that are wrong or over, (`too-many-requests`) past a limit, and
   * `StoreFailure` when they cannot be checked: never a weaker caller instead.
   */
  identify(request: Request, needed: readonly Access[]): Promise<Caller>;
}

/** Everyone may do everything: the local stack on loopback. */
export const openToAll: IdentifyCaller = {
  identify: () => Promise.resolve({ actor: 'anonymous', principal: { is: 'anonymous' }, may: () => true }),
};

/**
 * A token for somebody who is no caller yet: for these repositories alone, at this host, until then. Throws
 * `StoreFailure`.
 */
export type IssueAccess = (token: {
  readonly to: string;
  readonly access: readonly { readonly name: RepositoryName; readonly actions: readonly RepositoryAction[] }[];
  readonly host: string;
  readonly until: Date;
}) => Promise<string>;
