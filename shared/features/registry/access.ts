import type { RepositoryName } from '../../core/oci/name.ts';
import { isRepositoryName } from '../../core/oci/name.ts';
import type { Access, RepositoryAction } from '../../core/ports/authorize.ts';
import type { Route } from './route.ts';

/**
 * Returns the access that a request needs: `pull` to read, `pull` and `push` to write (as Docker's clients request),
 * `delete` to delete.
 */
export function accessFor(route: Route, method: string, query: URLSearchParams): Access[] {
  if (route.to === 'base') return [];
  if (route.to === 'catalog') return [{ type: 'registry', name: 'catalog', action: '*' }];
  const own = actionsFor(route.to, method).map((action) => access(route.repository, action));
  const from = route.to === 'uploads' && query.has('mount') ? query.get('from') : null;
  // An invalid name is refused later, with its own code.
  return from !== null && isRepositoryName(from) ? [...own, access(from, 'pull')] : own;
}

/**
 * Returns the access without which a request is refused. A mount whose source the caller may not pull is a mount that
 * cannot be done: by the spec the client uploads instead (distribution-spec, "Mounting": 202). The challenge for a
 * caller that may not even push names the source too, so that one token is enough for both.
 */
export function insistedOn(route: Route, needed: readonly Access[]): readonly Access[] {
  return route.to === 'uploads' ? needed.filter(({ name }) => name === route.repository) : needed;
}

function actionsFor(to: Route['to'], method: string): RepositoryAction[] {
  if (to === 'uploads' || to === 'upload') return ['pull', 'push'];
  if (method === 'PUT') return ['pull', 'push'];
  return method === 'DELETE' ? ['delete'] : ['pull'];
}

function access(name: RepositoryName, action: RepositoryAction): Access {
  return { type: 'repository', name, action };
}
