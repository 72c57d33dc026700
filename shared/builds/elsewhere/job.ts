import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from '../plan/documents.ts';
import { platformsOf } from '../tasks/documents.ts';
import type { Task } from '../tasks/documents.ts';

/** What a runner elsewhere is told to build. It pushes the image by its own credentials, under a tag that is not the image's, and tells its digest. */
export interface RemoteJob {
  readonly type: 'build';
  readonly build: string;
  readonly image: string;
  /** Where it is pushed to: host and repository. */
  readonly repository: string;
  readonly context: { readonly git: string; readonly commit: string; readonly folder: string } | { readonly archive: string };
  readonly dockerfile: string;
  readonly target?: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly timeoutSeconds: number;
  /** Where it tells of it, with the token in `X-Longshore-Token`. */
  readonly callback: { readonly url: string; readonly token: string };
}

export function jobOf({ ownHosts }: Pick<BuildPorts, 'ownHosts'>, node: Node, task: Task, { commit, token }: { readonly commit: string | undefined; readonly token: string }): RemoteJob {
  const { context, dockerfile, target, arguments: given, timeoutSeconds } = task.settings;
  const host = ownHosts[0] ?? task.host;
  const origin = `${isLoopbackHost(host) ? 'http' : 'https'}://${host}`;
  const image = `${task.repository}:${task.tag}`;
  return {
    type: 'build',
    build: node.build,
    image,
    repository: `${host}/${task.repository}`,
    context: 'git' in context ? { git: context.git, commit: commit ?? '', folder: context.folder } : { archive: `${origin}/v2/${context.repository}/blobs/${context.digest}` },
    dockerfile,
    ...(target === undefined ? {} : { target }),
    arguments: given,
    platforms: platformsOf(task.settings),
    timeoutSeconds,
    callback: { url: `${origin}/api/v1/builds/${node.build}/callback?image=${encodeURIComponent(image)}`, token },
  };
}
