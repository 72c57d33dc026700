import type { RegistryAccess } from '../../../core/ports/runner.ts';
import { loginFor } from '../jobs/login.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { loginsAbroad, saysForeign } from '../tasks/pulls.ts';
import type { Node } from './documents.ts';

/**
 * The seconds for the setup: a context is unpacked, and an image is fetched, before the time of a build or a test
 * begins.
 */
const setUpSeconds = 15 * 60;

const hostIn = (said: string) => said.split('/', 1)[0] ?? '';

/**
 * Returns the hosts that are called in plain HTTP: registries on this machine, namely this one and those that the
 * task's author has named. The author of a Dockerfile that is not fixed cannot have the builder call anything else of
 * its own machine in plain text.
 */
export function plainHosts(ports: BuildPorts, task: Task): string[] {
  const named = task.bases
    .filter(({ base }) => base.startsWith('own:') || saysForeign(ports, task, base))
    .map(({ said }) => hostIn(said));
  return [...new Set([...ports.ownHosts, task.host, ...named])].filter(isLoopbackHost);
}

/**
 * Issues the credentials by which a build or a test on this machine calls registries, for as long as it may take.
 * Throws `StoreFailure`.
 */
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
      loginFor(ports, task, { to: `longshore-build-${build}:${repository}:${tag}`, host, until, isForRunner: false }),
    ),
  );
  return { logins: logins.filter((each) => each !== undefined), abroad: loginsAbroad(ports, task) };
}
