import { defined } from '../../../core/documents/defined.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { Node } from '../plan/documents.ts';
import { movedPins } from '../plan/pins.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { argumentsOf, platformsOf } from '../tasks/documents.ts';
import { loginFor } from './login.ts';

/**
 * What a runner elsewhere is told to build. It pushes the image by its digest, or under a tag that is not the image's,
 * and tells its digest.
 */
export interface RemoteJob {
  readonly type: 'build';
  /** The same each time that it is given. */
  readonly id: string;
  readonly build: string;
  readonly image: string;
  /** Where it is pushed to: host and repository. */
  readonly repository: string;
  readonly context:
    { readonly git: string; readonly commit: string; readonly folder: string } | { readonly archive: string };
  readonly dockerfile: string;
  readonly target?: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Digests of the Dockerfile, and what is to stand in their place; absent where there are none. */
  readonly pins?: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly timeoutSeconds: number;
  /** Where whoever was told of the job in public asks for all of it, signed with the task's secret for claims. */
  readonly claim: string;
  /**
   * What pulls its context and the bases that its task may pull, and pushes its repository, until its deadline; absent
   * where nobody needs credentials.
   */
  readonly login?: { readonly user: string; readonly password: string };
  /** Where it tells of it, with the token in `X-Longshore-Token`. */
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
    isElsewhere: true,
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

/** What of a job may be seen by whoever sees the CI: nothing that proves or opens anything. */
export function inPublic({ login, callback: { url }, ...job }: RemoteJob): object {
  return { ...job, callback: { url }, needsLogin: login !== undefined };
}
