import type { ContainerDefinition } from '../catalog/container-definition.ts';
import { splitPath } from '../partition-key.ts';
import type { OrderTerm } from './ast.ts';
import { queryError } from './lexer.ts';

/** The service indexes these whatever the policy says. */
const ALWAYS = new Set(['id', '_ts']);

/** Returns how exactly a policy's path ('/a/b/?', '/a/*') covers a property; -1 if not at all. */
function precision(pattern: string, path: readonly string[]): number {
  const keys = splitPath(pattern);
  const end = keys.pop();
  const isCovered = keys.every((key, at) => key === path[at]);
  if (!isCovered || (end === '?' && keys.length !== path.length)) return -1;
  return keys.length * 2 + (end === '?' ? 1 : 0);
}

const best = (patterns: readonly { path: string }[], path: readonly string[]): number =>
  Math.max(-1, ...patterns.map((pattern) => precision(pattern.path, path)));

/**
 * Refuses an order by a property that has no index. The more precise of the included and the excluded paths that cover
 * the property decides.
 */
export function assertOrderable({ indexingPolicy }: ContainerDefinition, orderBy: readonly OrderTerm[]): void {
  const [term, ...others] = orderBy;
  if (term === undefined || others.length > 0) return;
  const path = term.path.map(String);
  if (path.length === 1 && ALWAYS.has(path[0] ?? '')) return;
  const isOff = indexingPolicy.indexingMode.toLowerCase() === 'none';
  if (!isOff && best(indexingPolicy.includedPaths, path) > best(indexingPolicy.excludedPaths, path)) return;
  throw queryError('SC2108', 'The order-by item requires a range index to be defined on the corresponding index path.');
}
