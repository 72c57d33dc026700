import { isRepositoryName } from '../oci/name.ts';
import type { RepositoryName } from '../oci/name.ts';
import type { Access, RepositoryAction } from '../ports/authorize.ts';
import type { Route } from './route.ts';

/** What a request needs: reading is `pull`, writing `pull` and `push` (as Docker's clients ask for), deleting `delete`. */
export function accessFor(route: Route, method: string, query: URLSearchParams): Access[] {
  if (route.to === 'base') return [];
  if (route.to === 'catalog') return [{ type: 'registry', name: 'catalog', action: '*' }];
  const own = actionsFor(route.to, method).map((action) => access(route.repository, action));
  const from = route.to === 'uploads' && query.has('mount') ? query.get('from') : null;
  // A name that is none is refused later, with its own code.
  return from !== null && isRepositoryName(from) ? [...own, access(from, 'pull')] : own;
}

function actionsFor(to: Route['to'], method: string): RepositoryAction[] {
  if (to === 'uploads' || to === 'upload') return ['pull', 'push'];
  if (method === 'PUT') return ['pull', 'push'];
  return method === 'DELETE' ? ['delete'] : ['pull'];
}

function access(name: RepositoryName, action: RepositoryAction): Access {
  return { type: 'repository', name, action };
}
