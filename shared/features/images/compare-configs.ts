import { defined } from '../../core/documents/defined.ts';
import { cutText } from './bounded.ts';
import type { ShownConfig } from './config.ts';

export interface Change {
  readonly property: string;
  readonly from?: string;
  readonly to?: string;
  readonly change: 'added' | 'removed' | 'changed';
}

const mostChanges = 500;

/** Returns what differs in two configs: each variable, port, volume and label is a property of its own. */
export function differences(
  from: ShownConfig,
  to: ShownConfig,
): { readonly changes: Change[]; readonly isCut: boolean } {
  const [before, after] = [propertiesOf(from), propertiesOf(to)];
  const all = [...new Set([...before.keys(), ...after.keys()])].flatMap((property) => {
    const [was, is] = [before.get(property), after.get(property)];
    if (was === is) return [];
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return [{ property: cutText(property, 500), ...defined({ from: was, to: is }), change } as const];
  });
  return { changes: all.slice(0, mostChanges), isCut: all.length > mostChanges };
}

/** A Map, because a label may have any name, `__proto__` too. */
function propertiesOf({ env = [], exposedPorts = [], volumes = [], labels = {}, more: _, ...rest }: ShownConfig) {
  const plain = Object.entries(rest).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return new Map<string, string>([
    ...plain,
    ...env.map((each): [string, string] => {
      const at = each.indexOf('=');
      return at === -1 ? [`env.${each}`, ''] : [`env.${each.slice(0, at)}`, each.slice(at + 1)];
    }),
    ...exposedPorts.map((port): [string, string] => [`exposedPorts.${port}`, port]),
    ...volumes.map((path): [string, string] => [`volumes.${path}`, path]),
    ...Object.entries(labels).map(([name, value]): [string, string] => [`labels.${name}`, value]),
  ]);
}
