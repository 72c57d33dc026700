import type { BuildPorts } from '../ports.ts';

/** Where a build's own pushes come from, as their events say. */
export function hostOf({ ownHosts }: Pick<BuildPorts, 'ownHosts'>): string {
  return ownHosts[0] ?? 'longshore';
}
