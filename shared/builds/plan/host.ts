import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';

/** Where a build's own pushes come from, as their events say. */
export function hostOf({ ownHosts }: Pick<BuildPorts, 'ownHosts'>): string {
  return ownHosts[0] ?? 'longshore';
}

/** A registry on this machine speaks no TLS. */
export function plainHosts({ ownHosts }: Pick<BuildPorts, 'ownHosts'>, { host, bases }: Pick<Task, 'host' | 'bases'>): string[] {
  return [...new Set([...ownHosts, host, ...bases.map(({ said }) => said.split('/', 1)[0] ?? '')])].filter(isLoopbackHost);
}
