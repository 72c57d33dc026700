import type { RepositoryName } from '../oci/name.ts';
import type { PushedBy } from '../oci/principal.ts';

/**
 * The rights that an identity has now, while it is not the caller: a push is acted on later, in the registry's own
 * name, and that must give its pusher nothing that it could not get by itself. All methods throw `StoreFailure`.
 */
export interface AskGrants {
  /** True when everyone has every right, so that nothing needs to be asked. */
  readonly isOpen: boolean;
  everyoneMayPull(repository: RepositoryName): Promise<boolean>;
  /**
   * Says whether the identity that pushed then may pull now. `false` for an identity that no longer exists, or cannot
   * be told from another one any more.
   */
  mayPull(pushedBy: PushedBy, repository: RepositoryName): Promise<boolean>;
}
