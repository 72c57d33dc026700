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

/** What learning, planning and making images needs of the world. */
export interface BuildPorts {
  readonly documents: Documents;
  readonly images: Images;
  readonly queues: SendMessage;
  /** Contexts in git; absent where nothing fetches them. */
  readonly git?: Git;
  /** What tasks and logins may name of the vault. */
  readonly secrets: ReadUserSecret;
  /** What seals secrets that lie in documents. */
  readonly sealing: SealingKeys;
  /** Builds and tests images; absent where nothing does. */
  readonly runner?: Runner;
  readonly topic: PublishEvents;
  /** Where Azure's own runners are asked; absent where the app has no identity there. */
  readonly management?: AzureManagement;
  /** Credentials for jobs elsewhere; absent where nobody needs any. */
  readonly issueAccess?: IssueAccess | undefined;
  /** What pushers may do now, who are not here to ask. */
  readonly grants: AskGrants;
  /** To runners and gates elsewhere. */
  readonly receivers: PostRequest;
  /** To other registries. */
  readonly outbound: AskUrl;
  readonly upstream: UpstreamSettings;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly registry: RegistryName;
  readonly eventSource: string;
  /** How many builds are under way side by side, of those that have no image in common. */
  readonly buildsAtOnce: number;
  /** Where clients find the registry, as hosts with ports: images that are named so are its own. */
  readonly ownHosts: readonly string[];
}
