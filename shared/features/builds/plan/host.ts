import type { BuildPorts } from '../ports.ts';

/** Returns the host from which a build pushes, as its events name it. */
export function hostOf({ ownHosts }: Pick<BuildPorts, 'ownHosts'>): string {
  return ownHosts[0] ?? 'longshore';
}
