import type { RepositoryName } from './name.ts';

/** The actions of token scopes: the Docker token specification's, and ACR's for metadata, deleted and held images. */
export type RepositoryAction =
  | 'pull'
  | 'push'
  | 'delete'
  | 'metadata_read'
  | 'metadata_write'
  | 'deleted_read'
  | 'deleted_restore'
  | 'quarantine_read'
  | 'quarantine_write';

/** A right that a caller may have. */
export type Access =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: RepositoryAction }
  /** The right to list repositories; a caller without it still sees those that it may read. */
  | { readonly type: 'registry'; readonly name: 'catalog'; readonly action: '*' }
  /** The right to list the repositories that have something in the recycle bin: all of them, or none. */
  | { readonly type: 'registry'; readonly name: 'deleted_catalog'; readonly action: '*' }
  /**
   * The right to see a repository in lists of repositories: those who may read it have it, and so does a token for the
   * catalog.
   */
  | { readonly type: 'listing'; readonly name: RepositoryName; readonly action: 'read' }
  /** The right to use the management API. */
  | { readonly type: 'management'; readonly name: 'api'; readonly action: 'read' | 'write' }
  /**
   * The right to report which images are in use, and nothing else of the management API: a cluster should hold no more.
   */
  | { readonly type: 'management'; readonly name: `in-use/${string}`; readonly action: 'write' };

/** The invitation of a 401 to send credentials (RFC 9110, 11.6.1). */
export type Challenge =
  /** The client asks for a token at `realm` (an absolute URL) for `service` (a host name). */
  | { readonly scheme: 'Bearer'; readonly realm: string; readonly service: string }
  /** The client sends a user and a password. */
  | { readonly scheme: 'Basic'; readonly realm: string };
