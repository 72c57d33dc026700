import type { RegistryAccess } from '../../../core/ports/runner.ts';
import { loginFor } from '../elsewhere/login.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { loginsAbroad, saysForeign } from '../tasks/pulls.ts';
import type { Node } from './documents.ts';

/** A context is unpacked, and an image is fetched, before the time of a build or a test begins. */
const setUpSeconds = 15 * 60;

const hostIn = (said: string) => said.split('/', 1)[0] ?? '';

/**
 * A registry on this machine speaks no TLS: this one, and those that the task's author has named. Whoever writes a
 * Dockerfile that moves has the builder ask nothing else of its own machine in plain text.
 */
export function plainHosts(ports: BuildPorts, task: Task): string[] {
  const named = task.bases
    .filter(({ base }) => base.startsWith('own:') || saysForeign(ports, task, base))
    .map(({ said }) => hostIn(said));
  return [...new Set([...ports.ownHosts, task.host, ...named])].filter(isLoopbackHost);
}

/** As whom a build or a test on this machine asks registries, for as long as it may take. Throws `StoreFailure`. */
export async function accessFor(
  ports: BuildPorts,
  { build, repository, tag }: Pick<Node, 'build' | 'repository' | 'tag'>,
  task: Task,
  seconds: number,
): Promise<RegistryAccess> {
  const own = task.bases.filter(({ base }) => base.startsWith('own:')).map(({ said }) => hostIn(said));
  const until = new Date(ports.clock.now().getTime() + (setUpSeconds + seconds) * 1_000);
  const hosts = [...new Set([...ports.ownHosts, task.host, ...own])];
  const logins = await Promise.all(
    hosts.map((host) =>
      loginFor(ports, task, { to: `longshore-build-${build}:${repository}:${tag}`, host, until, isElsewhere: false }),
    ),
  );
  return { logins: logins.filter((each) => each !== undefined), abroad: loginsAbroad(ports, task) };
}
