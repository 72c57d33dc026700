import { csvFields } from './csv.ts';
import { isBoolean } from './directives.ts';
import { DockerfileFault } from './fault.ts';
import { cut } from './spaces.ts';
import { withSuggestion } from './suggest.ts';

/** A `RUN --mount=…` with its values expanded. */
export interface Mount {
  type: string;
  from: string;
  source: string;
  target: string;
  id: string;
  sharing: string;
  /** The first of `mode`, `uid` and `gid` that is set. */
  readonly owner: Partial<Record<'mode' | 'uid' | 'gid', true>>;
}

const keys = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
  'src',
  'dst',
  'destination',
  'ro',
  'rw',
  'readwrite',
  'env',
];
const types = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const sharings = ['shared', 'private', 'locked'];
const size = /^\d+(?:\.\d*)? ?(?:[kmgtp]?i?b?)$/i;

function parsed(spec: string): string[] {
  try {
    return csvFields(spec);
  } catch (error) {
    throw error instanceof DockerfileFault
      ? new DockerfileFault(`failed to parse csv mounts: ${error.message}`)
      : error;
  }
}

/**
 * Returns the stage or image that a mount is from; empty where it names none. It is known before anything is expanded,
 * since stages depend on it. @throws DockerfileFault
 */
export function mountFrom(spec: string): string {
  let from = '';
  for (const field of parsed(spec)) {
    const [key, value] = cut(field, '=');
    if (value === undefined || key.toLowerCase() !== 'from') continue;
    const dollar = value.indexOf('$');
    if (dollar >= 0 && dollar !== value.length - 1)
      throw new DockerfileFault("'from' doesn't support variable expansion, define alias stage instead");
    from = value;
  }
  return from;
}

function oneOf(allowed: readonly string[], what: string, value: string): string {
  if (!allowed.includes(value.toLowerCase()))
    throw new DockerfileFault(withSuggestion(`unsupported ${what} ${JSON.stringify(value)}`, value, allowed));
  return value.toLowerCase();
}

function onlyFor(mount: Mount, key: string, allowed: readonly string[]): void {
  if (!allowed.includes(mount.type))
    throw new DockerfileFault(`unexpected key '${key}' for mount type '${mount.type}'`);
}

function number(value: string, base: 8 | 10, key: string): true {
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) || Number.parseInt(value, base) > 0xffffffff)
    throw new DockerfileFault(`invalid value ${value} for ${key}`);
  return true;
}

function valid(ok: boolean, key: string, value: string): void {
  if (!ok) throw new DockerfileFault(`invalid value for ${key}: ${value}`);
}

const setters: Readonly<Record<string, (mount: Mount, value: string, key: string) => void>> = {
  type: (mount, value) => (mount.type = oneOf(types, 'mount type', value)),
  from: (mount, value) => (mount.from = value),
  source: (mount, value) => (mount.source = value),
  target: (mount, value) => (mount.target = value),
  readonly: (_, value, key) => valid(isBoolean(value), key, value),
  required: (mount, value, key) => {
    onlyFor(mount, key, ['secret', 'ssh']);
    valid(isBoolean(value), key, value);
  },
  size: (mount, value, key) => {
    onlyFor(mount, key, ['tmpfs']);
    valid(size.test(value), key, value);
  },
  id: (mount, value) => (mount.id = value),
  sharing: (mount, value) => (mount.sharing = oneOf(sharings, 'sharing value', value)),
  mode: (mount, value) => (mount.owner.mode = number(value, 8, 'mode')),
  uid: (mount, value) => (mount.owner.uid = number(value, 10, 'uid')),
  gid: (mount, value) => (mount.owner.gid = number(value, 10, 'gid')),
  env: () => undefined,
};
const synonyms: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  readwrite: 'readonly',
  rw: 'readonly',
};

function setField(mount: Mount, field: string, expand: (word: string) => string): void {
  const [written, value] = cut(field, '=');
  const key = written.toLowerCase();
  if (value === undefined) {
    if (['readonly', 'ro', 'readwrite', 'rw'].includes(key)) return;
    if (key !== 'required') throw new DockerfileFault(`invalid field '${key}' must be a key=value pair`);
    onlyFor(mount, key, ['secret', 'ssh']);
    return;
  }
  const expanded = expand(value);
  if (!keys.includes(key))
    throw new DockerfileFault(withSuggestion(`unexpected key '${key}' in '${field}'`, key, keys));
  setters[synonyms[key] ?? key]?.(mount, expanded, key);
}

function checkSecret(mount: Mount): void {
  if (mount.from !== '') throw new DockerfileFault('secret mount should not have a from');
  if (mount.sharing !== '') throw new DockerfileFault('secret mount should not define sharing');
  if (mount.source === '' && mount.target === '' && mount.id === '')
    throw new DockerfileFault('invalid secret mount. one of source, target required');
  if (mount.source !== '' && mount.id !== '') throw new DockerfileFault("both source and id can't be set");
}

/** Parses a `RUN --mount=…`. @throws DockerfileFault */
export function parseMount(spec: string, expand: (word: string) => string): Mount {
  const mount: Mount = { type: 'bind', from: '', source: '', target: '', id: '', sharing: '', owner: {} };
  for (const field of parsed(spec)) setField(mount, field, expand);
  if (['bind', 'tmpfs'].includes(mount.type)) {
    for (const key of ['mode', 'uid', 'gid'] as const)
      if (mount.owner[key] === true)
        throw new DockerfileFault(`${key} not allowed for ${JSON.stringify(mount.type)} type mounts`);
  }
  if (mount.type === 'secret') checkSecret(mount);
  if (mount.sharing !== '' && mount.type !== 'cache')
    throw new DockerfileFault(`invalid cache sharing set for ${mount.type} mount`);
  return mount;
}

/** Checks a `RUN --device=…`: CSV with a name and `required`. @throws DockerfileFault */
export function checkDevice(spec: string): void {
  let name = '';
  for (const field of csvFields(spec)) {
    const [written, value] = cut(field, '=');
    const key = written.toLowerCase();
    if (key === 'required') {
      if (value !== undefined) valid(isBoolean(value), key, value);
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw new DockerfileFault(`device name already set to ${name}`);
      name = value;
    } else if (name === '') {
      name = field;
    } else {
      throw new DockerfileFault(
        value === undefined
          ? `invalid field '${field}' must be a key=value pair`
          : withSuggestion(`unexpected key '${key}' in '${field}'`, key, ['name', 'required']),
      );
    }
  }
}
