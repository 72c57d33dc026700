import { isInUseSource } from '../../core/documents/in-use-source.ts';
import { isRepositoryName } from '../../core/oci/name.ts';
import type { Access, RepositoryAction } from '../../core/ports/authorize.ts';
import type { RepositoryPattern } from './pattern.ts';
import { everyRepository, matchesPattern } from './pattern.ts';

/** A rule: the actions that are allowed in the repositories of a pattern, and the document that says so. */
export interface Rule {
  readonly pattern: RepositoryPattern;
  readonly actions: ReadonlySet<RepositoryAction>;
  /** The origin for administrators: `scope map ci: repositories/team/*`. */
  readonly from: string;
}

/** All rights of an identity. An action that no rule allows is denied. */
export interface Grants {
  readonly rules: readonly Rule[];
  /** The right to list every repository. */
  readonly catalog: boolean;
  /**
   * The right to list the repositories that have something deleted. A scope map gives both lists together, an access
   * token each by its own scope.
   */
  readonly deletedCatalog: boolean;
  /** The repositories that show in lists, beside those that a rule lets read. */
  readonly listing: readonly RepositoryPattern[];
  readonly management: 'none' | 'read' | 'write';
  /**
   * The sources for which the identity may report images in use; one that may write to the management API may for all.
   */
  readonly inUse: readonly string[];
}

export const repositoryActions = [
  'pull',
  'push',
  'delete',
  'metadata_read',
  'metadata_write',
  'deleted_read',
  'deleted_restore',
  'quarantine_read',
  'quarantine_write',
] as const satisfies readonly RepositoryAction[];

export const noGrants: Grants = {
  rules: [],
  catalog: false,
  deletedCatalog: false,
  listing: [],
  management: 'none',
  inUse: [],
};

export const allGrants: Grants = {
  rules: [{ pattern: everyRepository, actions: new Set(repositoryActions), from: 'the administrator' }],
  catalog: true,
  deletedCatalog: true,
  listing: [],
  management: 'write',
  inUse: [],
};

/** Joins the grants of several identities or documents. */
export function union(all: readonly Grants[]): Grants {
  return {
    rules: all.flatMap(({ rules }) => rules),
    catalog: all.some(({ catalog }) => catalog),
    deletedCatalog: all.some(({ deletedCatalog }) => deletedCatalog),
    listing: all.flatMap(({ listing }) => listing),
    management: all.some(({ management }) => management === 'write')
      ? 'write'
      : all.some(({ management }) => management === 'read')
        ? 'read'
        : 'none',
    inUse: [...new Set(all.flatMap(({ inUse }) => inUse))],
  };
}

export function permits(grants: Grants, access: Access): boolean {
  switch (access.type) {
    case 'repository':
      return decidingRule(grants, access.name, access.action) !== undefined;
    case 'registry':
      return access.name === 'catalog' ? grants.catalog : grants.deletedCatalog;
    case 'listing':
      return grants.catalog || readable(grants).some((pattern) => matchesPattern(pattern, access.name));
    case 'management':
      return (
        grants.management === 'write' ||
        (access.name === 'api'
          ? grants.management === access.action
          : grants.inUse.includes(access.name.slice(inUsePrefix.length)))
      );
  }
}

/** Returns the patterns of the catalog's repositories that an identity without the whole catalog sees. */
export function readable({ rules, listing }: Grants): RepositoryPattern[] {
  const reading = rules.filter(({ actions }) => actions.has('pull') || actions.has('metadata_read'));
  return [...new Set([...listing, ...reading.map(({ pattern }) => pattern)])];
}

/** Returns the first rule that allows the action; `undefined` when none does. */
export function decidingRule(grants: Grants, name: string, action: RepositoryAction): Rule | undefined {
  return grants.rules.find((rule) => rule.actions.has(action) && matchesPattern(rule.pattern, name));
}

/** One entry of the `access` claim, or of a client's request. */
export interface ResourceActions {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * Returns the part of `asked` that the grants allow, which is never more than either. Entries of which nothing is left
 * are left out.
 */
export function intersect(grants: Grants, asked: readonly ResourceActions[]): ResourceActions[] {
  return asked
    .map(({ type, name, actions }) => ({
      type,
      name,
      actions: actions.filter((action) => permitsNamed(grants, type, name, action)),
    }))
    .filter(({ actions }) => actions.length > 0);
}

function permitsNamed(grants: Grants, type: string, name: string, action: string): boolean {
  if (type === 'repository')
    return isRepositoryName(name) && isRepositoryAction(action) && permits(grants, { type, name, action });
  if (type === 'registry')
    return (
      (name === 'catalog' || name === 'deleted_catalog') && action === '*' && permits(grants, { type, name, action })
    );
  if (type === 'management' && isInUse(name)) return action === 'write' && permits(grants, { type, name, action });
  if (type === 'management')
    return name === 'api' && (action === 'read' || action === 'write') && permits(grants, { type, name, action });
  return false;
}

const inUsePrefix = 'in-use/';

function isInUse(name: string): name is `in-use/${string}` {
  return name.startsWith(inUsePrefix) && isInUseSource(name.slice(inUsePrefix.length));
}

function isRepositoryAction(text: string): text is RepositoryAction {
  return (repositoryActions as readonly string[]).includes(text);
}

/** Returns the grants of an `access` claim: the uses of its token, and no more. */
export function grantsOfAccess(access: readonly ResourceActions[]): Grants {
  return union(access.map(grantsOfEntry));
}

function grantsOfEntry({ type, name, actions }: ResourceActions): Grants {
  if (type === 'repository' && isRepositoryName(name)) {
    // A name is a pattern without a star: it matches itself alone.
    return {
      ...noGrants,
      rules: [
        {
          pattern: name as string as RepositoryPattern,
          actions: new Set(actions.filter(isRepositoryAction)),
          from: 'an access token',
        },
      ],
    };
  }
  if (type === 'registry' && name === 'catalog') return { ...noGrants, catalog: actions.includes('*') };
  if (type === 'registry' && name === 'deleted_catalog') return { ...noGrants, deletedCatalog: actions.includes('*') };
  if (type === 'management' && isInUse(name))
    return { ...noGrants, inUse: actions.includes('write') ? [name.slice(inUsePrefix.length)] : [] };
  if (type === 'management' && name === 'api')
    return {
      ...noGrants,
      management: actions.includes('write') ? 'write' : actions.includes('read') ? 'read' : 'none',
    };
  return noGrants;
}
