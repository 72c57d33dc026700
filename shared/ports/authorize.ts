import type { RepositoryName } from '../oci/name.ts';

/** As token scopes name them: the Docker token specification's, and ACR's for metadata and deleted images. */
export type RepositoryAction = 'pull' | 'push' | 'delete' | 'metadata_read' | 'metadata_write' | 'deleted_read' | 'deleted_restore';

/** One thing that a caller may be allowed to do. */
export type Access =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: RepositoryAction }
  /** Listing repositories; a caller without it still sees those that it may read. */
  | { readonly type: 'registry'; readonly name: 'catalog'; readonly action: '*' }
  /** The management API. */
  | { readonly type: 'management'; readonly name: 'api'; readonly action: 'read' | 'write' };

/** Who asks, once that is proven. */
export interface Caller {
  /** What events and logs call it. */
  readonly actor: string;
  /** Denies what it was not given. Reads no store. */
  may(access: Access): boolean;
}

export interface IdentifyCaller {
  /**
   * The caller of a request, anonymous ones included. Throws `RegistryError` (`unauthorized`) for credentials that are
   * wrong or over, and `StoreFailure` when they cannot be checked: never a weaker caller instead.
   */
  identify(request: Request): Promise<Caller>;
}

/** Everyone may do everything: the local stack on loopback. */
export const openToAll: IdentifyCaller = { identify: () => Promise.resolve({ actor: 'anonymous', may: () => true }) };
