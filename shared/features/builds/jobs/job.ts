import { defined } from '../../../core/documents/defined.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { Node } from '../plan/documents.ts';
import { movedPins } from '../plan/pins.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { argumentsOf, platformsOf } from '../tasks/documents.ts';
import { loginFor } from './login.ts';

/**
 * The job of a runner. The runner pushes the image by its digest, or under a tag that is not the image's, and
 * reports its digest.
 */
export interface RemoteJob {
  readonly type: 'build';
  /** The id is the same each time that the job is offered. */
  readonly id: string;
  readonly build: string;
  readonly image: string;
  /** The repository that the image is pushed to, with its host. */
  readonly repository: string;
  readonly context:
    { readonly git: string; readonly commit: string; readonly folder: string } | { readonly archive: string };
  readonly dockerfile: string;
  readonly target?: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Digests of the Dockerfile, with those that replace them; absent if there are none. */
  readonly pins?: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly timeoutSeconds: number;
  /**
   * The URL at which a runner that learned of the job in public requests all of it, signed with the task's secret for
   * claims.
   */
  readonly claim: string;
  /**
   * The credentials that pull its context and the bases that its task may pull, and push its repository, until its
   * deadline; absent if nobody needs credentials.
   */
  readonly login?: { readonly user: string; readonly password: string };
  /** The URL for callbacks, and the token that they have in `X-Longshore-Token`. */
  readonly callback: { readonly url: string; readonly token: string };
}

export async function jobOf(
  ports: Pick<BuildPorts, 'ownHosts' | 'issueAccess' | 'registry' | 'documents' | 'grants'>,
  node: Node & { readonly remote: NonNullable<Node['remote']> },
  task: Task,
  { commit, token }: { readonly commit: string | undefined; readonly token: string },
): Promise<RemoteJob> {
  const { context, dockerfile, target, timeoutSeconds } = task.settings;
  const host = ports.ownHosts[0] ?? task.host;
  const pins = await movedPins(ports, task);
  const login = await loginFor(ports, task, {
    to: `longshore-build-${node.remote.job}`,
    host,
    until: new Date(node.remote.deadline),
    isForRunner: true,
  });
  const origin = `${isLoopbackHost(host) ? 'http' : 'https'}://${host}`;
  const image = `${task.repository}:${task.tag}`;
  return {
    type: 'build',
    id: node.remote.job,
    build: node.build,
    image,
    repository: `${host}/${task.repository}`,
    context:
      'git' in context
        ? { git: context.git, commit: commit ?? '', folder: context.folder }
        : { archive: `${origin}/v2/${context.repository}/blobs/${context.digest}` },
    dockerfile,
    ...defined({ target }),
    arguments: argumentsOf(task),
    ...defined({ pins: Object.keys(pins).length === 0 ? undefined : pins }),
    platforms: platformsOf(task.settings),
    timeoutSeconds,
    claim: `${origin}/api/v1/builds/${node.build}/job?image=${encodeURIComponent(image)}`,
    ...defined({ login: login === undefined ? undefined : { user: login.user, password: login.password } }),
    callback: { url: `${origin}/api/v1/builds/${node.build}/callback?image=${encodeURIComponent(image)}`, token },
  };
}

/** Returns the part of a job that everybody may see who sees the CI: nothing that proves or opens anything. */
export function inPublic({ login, callback: { url }, ...job }: RemoteJob): object {
  return { ...job, callback: { url }, needsLogin: login !== undefined };
}
