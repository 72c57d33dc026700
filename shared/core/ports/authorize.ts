import type { Principal } from '../documents/principal.ts';
import type { RepositoryName } from '../oci/name.ts';

/** As token scopes name them: the Docker token specification's, and ACR's for metadata and deleted images. */
export type RepositoryAction =
  'pull' | 'push' | 'delete' | 'metadata_read' | 'metadata_write' | 'deleted_read' | 'deleted_restore';

/** One thing that a caller may be allowed to do. */
export type Access =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: RepositoryAction }
  /** Listing repositories; a caller without it still sees those that it may read. */
  | { readonly type: 'registry'; readonly name: 'catalog'; readonly action: '*' }
  /** Listing the repositories of which something lies in the bin: all of them, or nothing. */
  | { readonly type: 'registry'; readonly name: 'deleted_catalog'; readonly action: '*' }
  /**
   * That a repository shows in lists of repositories: whoever may read it may see it, and so may a token for the
   * catalog.
   */
  | { readonly type: 'listing'; readonly name: RepositoryName; readonly action: 'read' }
  /** The management API. */
  | { readonly type: 'management'; readonly name: 'api'; readonly action: 'read' | 'write' }
  /** Saying which images are in use: of the management API this alone, for a cluster should hold no more. */
  | { readonly type: 'management'; readonly name: `in-use/${string}`; readonly action: 'write' };

/** How a 401 invites a client to say who it is (RFC 9110, 11.6.1). */
export type Challenge =
  /** Ask for a token at `realm` (an absolute URL) for `service` (a host name). */
  | { readonly scheme: 'Bearer'; readonly realm: string; readonly service: string }
  /** Come again with a user and a password. */
  | { readonly scheme: 'Basic'; readonly realm: string };

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
