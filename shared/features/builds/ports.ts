import type { RegistryName } from '../../core/oci/name.ts';
import type { IssueAccess } from '../../core/ports/authorize.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Git } from '../../core/ports/git.ts';
import type { AskGrants } from '../../core/ports/grants.ts';
import type { Images } from '../../core/ports/images.ts';
import type { Log } from '../../core/ports/log.ts';
import type { AzureManagement } from '../../core/ports/management.ts';
import type { AskUrl } from '../../core/ports/outbound.ts';
import type { PostRequest } from '../../core/ports/post.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import type { Runner } from '../../core/ports/runner.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import type { UpstreamSettings } from './upstream/documents.ts';
import type { ReadUserSecret } from './user-secrets.ts';

/** The ports that learning, planning and making images use. */
export interface BuildPorts {
  readonly documents: Documents;
  readonly images: Images;
  readonly queues: SendMessage;
  /** Contexts in git; absent where nothing fetches them. */
  readonly git?: Git;
  /** Reads the secrets of the vault that tasks and logins may name. */
  readonly secrets: ReadUserSecret;
  /** Seals the secrets that are stored in documents. */
  readonly sealing: SealingKeys;
  /** Builds and tests images; absent where nothing does. */
  readonly runner?: Runner;
  readonly topic: PublishEvents;
  /** Calls Azure's own runners; absent if the app has no identity there. */
  readonly management?: AzureManagement;
  /** Issues credentials for jobs; absent if nobody needs any. */
  readonly issueAccess?: IssueAccess | undefined;
  /** Says what pushers may do now, although they send no request. */
  readonly grants: AskGrants;
  /** Posts to runners and gates. */
  readonly receivers: PostRequest;
  /** Calls other registries. */
  readonly outbound: AskUrl;
  readonly upstream: UpstreamSettings;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly registry: RegistryName;
  readonly eventSource: string;
  /** The number of builds that are under way side by side, of those that have no image in common. */
  readonly buildsAtOnce: number;
  /** The hosts, with ports, at which clients reach the registry: images with these names are its own. */
  readonly ownHosts: readonly string[];
}
