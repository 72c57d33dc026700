import { z } from 'zod';
import { isInUseSource } from '../../core/documents/in-use-source.ts';
import type { RepositoryAction } from '../../core/ports/authorize.ts';
import type { Grants } from './grants.ts';
import { noGrants, union } from './grants.ts';
import { isRepositoryPattern } from './pattern.ts';

/** The verbs of ACR's scope maps, and those of deleted and of held images. */
const verbs: Readonly<Record<string, RepositoryAction>> = {
  'content/read': 'pull',
  'content/write': 'push',
  'content/delete': 'delete',
  'metadata/read': 'metadata_read',
  'metadata/write': 'metadata_write',
  'deleted/read': 'deleted_read',
  'deleted/restore': 'deleted_restore',
  'quarantine/read': 'quarantine_read',
  'quarantine/write': 'quarantine_write',
};

/** The actions of a scope map besides those of repositories. */
const others: Readonly<Record<string, Grants>> = {
  'catalog/read': { ...noGrants, catalog: true, deletedCatalog: true },
  'management/read': { ...noGrants, management: 'read' },
  'management/write': { ...noGrants, management: 'write' },
};

/**
 * Parses `repositories/NAME-OR-PATTERN/VERB`, as ACR writes it; the pattern may have slashes, so it is read from its
 * end.
 */
function parseAction(action: string, from: string): Grants | undefined {
  const other = Object.hasOwn(others, action) ? others[action] : undefined;
  if (other !== undefined) return other;
  const [, source = ''] = /^in-use\/([^/]+)\/write$/.exec(action) ?? [];
  if (isInUseSource(source)) return { ...noGrants, inUse: [source] };
  const [, pattern = '', verb = ''] = /^repositories\/(.+)\/([a-z]+\/[a-z]+)$/.exec(action) ?? [];
  if (!Object.hasOwn(verbs, verb) || !isRepositoryPattern(pattern)) return undefined;
  const granted = verbs[verb];
  return granted === undefined
    ? undefined
    : { ...noGrants, rules: [{ pattern, actions: new Set([granted]), from: `${from}: ${action}` }] };
}

/** An action of a scope map as its author writes it. */
export const actionSchema = z
  .string()
  .max(350)
  .refine((action) => parseAction(action, '') !== undefined, {
    error:
      'is not catalog/read, management/read, management/write, in-use/SOURCE/write, nor ' +
      `repositories/NAME/VERB, where NAME may be a pattern (team/* is all below team/) and VERB is one of ${Object.keys(verbs).join(', ')}`,
  });

/** Returns what the actions of a scope map grant together. `from` names the map in explanations. */
export function grantsOfActions(actions: readonly string[], from: string): Grants {
  return union(actions.map((action) => parseAction(action, from) ?? noGrants));
}

/** ACR's scope maps that every registry has. */
export const systemScopeMaps: Readonly<Record<string, readonly string[]>> = {
  _repositories_pull: ['repositories/*/content/read'],
  _repositories_pull_metadata_read: ['repositories/*/content/read', 'repositories/*/metadata/read'],
  _repositories_push: ['repositories/*/content/read', 'repositories/*/content/write'],
  _repositories_push_metadata_write: [
    'repositories/*/content/read',
    'repositories/*/content/write',
    'repositories/*/metadata/read',
    'repositories/*/metadata/write',
  ],
  _repositories_admin: ['catalog/read', ...Object.keys(verbs).map((verb) => `repositories/*/${verb}`)],
};
