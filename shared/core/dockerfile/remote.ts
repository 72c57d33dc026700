import { isBoolean } from './directives.ts';
import { DockerfileFault } from './fault.ts';

const scheme = /^([a-zA-Z0-9]+):\/\//;
const scp = /^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const flags = new Set(['submodules', 'keep-git-dir', 'fetch-by-commit']);

/** A source of ADD that is no file of the build's context. */
export interface GitSource {
  readonly keepGitDir?: boolean;
  readonly checksum?: string;
}

interface Address {
  readonly query: string;
  readonly fragment: string;
}

/** Parses the address of a git repository; undefined for an address that is none, though it may well be another one. */
function gitAddress(source: string): Address | undefined {
  const protocol = scheme.exec(source)?.[1]?.toLowerCase();
  if (protocol === undefined) {
    const match = scp.exec(source);
    return match === null ? undefined : { query: match[2] ?? '', fragment: match[3] ?? '' };
  }
  const [beforeFragment = '', ...fragment] = source.split('#');
  const [address = '', ...query] = beforeFragment.split('?');
  const web = protocol === 'http' || protocol === 'https';
  if (!web && protocol !== 'ssh' && protocol !== 'git') return undefined;
  return web && !(address.endsWith('.git') && address.includes('/', protocol.length + 3))
    ? undefined
    : { query: query.join('?'), fragment: fragment.join('#') };
}

function agreed(what: string, values: readonly string[]): void {
  const [first, second] = new Set(values.filter((value) => value !== ''));
  if (second !== undefined)
    throw new DockerfileFault(`${what} conflicts: ${JSON.stringify(first)} vs ${JSON.stringify(second)}`);
}

function checkQuery(query: ReadonlyMap<string, string>, fragment: string): void {
  const [ref = '', subdirectory = ''] = fragment.split(':');
  const prefixed = (name: string, prefix: string): string => {
    const value = query.get(name) ?? '';
    return value === '' || value.startsWith(prefix) ? value : prefix + value;
  };
  if (query.has('tag') && query.has('branch')) throw new DockerfileFault('branch conflicts with tag');
  agreed('ref', [ref, query.get('ref') ?? '', prefixed('tag', 'refs/tags/'), prefixed('branch', 'refs/heads/')]);
  agreed('subdir', [subdirectory, query.get('subdir') ?? '']);
}

function checkParameter(name: string, value: string): void {
  if (value === '' && !flags.has(name)) throw new DockerfileFault(`query ${JSON.stringify(name)} has no value`);
  if (flags.has(name) && value !== '' && !isBoolean(value))
    throw new DockerfileFault(`invalid ${name} value: ${JSON.stringify(value)}`);
  if (name === 'mtime' && !['checkout', 'commit'].includes(value))
    throw new DockerfileFault(`invalid mtime value: ${JSON.stringify(value)} (must be "checkout" or "commit")`);
  if (!flags.has(name) && !['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'mtime'].includes(name))
    throw new DockerfileFault(`unexpected query ${JSON.stringify(name)}`);
}

/**
 * Reads a source as a git repository; undefined for every other. @throws DockerfileFault on a query that git sources do
 * not have.
 */
export function gitSource(source: string): GitSource | undefined {
  const address = gitAddress(source);
  if (address === undefined) return undefined;
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(address.query)) {
    if (query.has(name)) throw new DockerfileFault(`query ${JSON.stringify(name)} has multiple values`);
    checkParameter(name, value);
    query.set(name, value);
  }
  checkQuery(query, address.fragment);
  const keep = query.get('keep-git-dir');
  const checksum = query.get('checksum') ?? query.get('commit');
  return {
    ...(keep === undefined ? {} : { keepGitDir: keep === '' || /^[1tT]/.test(keep) }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

export function isWebSource(source: string): boolean {
  return source.startsWith('http://') || source.startsWith('https://');
}
