import type { RepositoryName } from '../oci/name.ts';
import type { PushedBy } from '../oci/principal.ts';

/**
 * What somebody may do now who is not here to ask: what was pushed is acted on later, in the registry's own name, and
 * must give its pusher nothing that it could not get by itself. All throw `StoreFailure`.
 */
export interface AskGrants {
  /** Everyone may do everything: nothing needs to be asked. */
  readonly isOpen: boolean;
  everyoneMayPull(repository: RepositoryName): Promise<boolean>;
  /**
   * Whether who pushed then may pull now. `false` for who is no more, or cannot be told from somebody else any more.
   */
  mayPull(pushedBy: PushedBy, repository: RepositoryName): Promise<boolean>;
}
