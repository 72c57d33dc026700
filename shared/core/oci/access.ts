import type { RepositoryName } from './name.ts';

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
