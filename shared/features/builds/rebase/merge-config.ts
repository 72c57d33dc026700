import { merge, mergeEntries, same } from './merge.ts';

/** The property `config` of an image's config (image-spec, config.md). */
export type Runtime = Readonly<Record<string, unknown>>;

export interface MergedRuntime {
  readonly runtime: Runtime;
  /** The settings that base and image have both changed; the image's value is used. */
  readonly conflicts: readonly string[];
}

interface Runtimes {
  readonly old: Runtime;
  readonly next: Runtime;
  readonly app: Runtime;
}

const inherited = (name: string, { old, app }: Runtimes) => same(app[name], old[name]);
const changed = (name: string, { old, next }: Runtimes) => !same(next[name], old[name]);
const isGiven = (value: unknown) => Array.isArray(value) && value.length > 0;

/** Returns why an image cannot use another base's settings; `undefined` if it can. */
export function reliance(runtimes: Runtimes): string | undefined {
  const { old, next, app } = runtimes;
  const from = (name: string) => `from ${JSON.stringify(old[name] ?? '')} to ${JSON.stringify(next[name] ?? '')}`;
  if (changed('User', runtimes) && inherited('User', runtimes))
    return `the base changes USER ${from('User')}, and the image's files were made for the old one`;
  if (changed('WorkingDir', runtimes) && inherited('WorkingDir', runtimes))
    return `the base changes WORKDIR ${from('WorkingDir')}, and the image's paths may start there`;
  if (
    changed('Entrypoint', runtimes) &&
    inherited('Entrypoint', runtimes) &&
    isGiven(old.Entrypoint) &&
    isGiven(app.Cmd) &&
    !inherited('Cmd', runtimes)
  ) {
    return `the base changes ENTRYPOINT ${from('Entrypoint')}, and the image's CMD is made for the old one`;
  }
  return undefined;
}

/** Merges all settings three-way: variables, labels, ports and volumes one by one, each of the others as a whole. */
export function mergeRuntime(runtimes: Runtimes): MergedRuntime {
  const { old, next, app } = runtimes;
  const runtime: Record<string, unknown> = {};
  const conflicts: string[] = [];
  for (const name of new Set([...Object.keys(app), ...Object.keys(next)])) {
    const kind = collections.get(name);
    if (kind !== undefined) {
      const merged = mergeEntries({
        old: kind.read(old[name]),
        next: kind.read(next[name]),
        app: kind.read(app[name]),
      });
      conflicts.push(...merged.conflicts.map((each) => `${name}.${each}`));
      if (merged.value.size > 0) runtime[name] = kind.write(merged.value);
      continue;
    }
    const merged = merge({ old: old[name], next: next[name], app: app[name] });
    if (merged.isConflict) conflicts.push(name);
    if (merged.value !== undefined && merged.value !== null) runtime[name] = merged.value;
  }
  return { runtime, conflicts };
}

interface Collection {
  readonly read: (value: unknown) => Map<string, unknown>;
  readonly write: (entries: ReadonlyMap<string, unknown>) => unknown;
}

const asObject: Collection = {
  read: (value) =>
    new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []),
  write: (entries) => Object.fromEntries(entries),
};

/** Environment variables as `NAME=value`, in their order. */
const asVariables: Collection = {
  read: (value) =>
    new Map(
      (Array.isArray(value) ? value : [])
        .filter((each) => typeof each === 'string')
        .map((each) => [each.split('=', 1)[0] ?? each, each.includes('=') ? each.slice(each.indexOf('=') + 1) : '']),
    ),
  write: (entries) => [...entries].map(([name, value]) => `${name}=${String(value)}`),
};

const collections = new Map<string, Collection>([
  ['Env', asVariables],
  ['Labels', asObject],
  ['ExposedPorts', asObject],
  ['Volumes', asObject],
]);
