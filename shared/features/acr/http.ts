import { requireAccess } from '../../core/http/access.ts';
import { causeOf } from '../../core/http/cause.ts';
import { errorResponse } from '../../core/http/respond.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Access, Asker, RepositoryAction } from '../../core/ports/authorize.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import { respondDeletedCatalog, respondDeletedManifests, respondDeletedTags, restoreDeleted } from './deleted.ts';
import { respondManifestList, respondOneManifest } from './manifests.ts';
import type { AcrPorts } from './ports.ts';
import { respondRepository } from './repository.ts';
import type { AcrRoute } from './route.ts';
import { parseAcrRoute } from './route.ts';
import { respondTag, respondTagList } from './tags.ts';

/** The methods of each endpoint; any other one is answered with 405. */
export const acrVerbs: Readonly<Record<AcrRoute['to'], readonly string[]>> = {
  catalog: ['GET'],
  repository: ['GET', 'PATCH', 'DELETE'],
  tags: ['GET'],
  tag: ['GET', 'PATCH', 'DELETE'],
  manifests: ['GET'],
  manifest: ['GET', 'PATCH'],
  'deleted-catalog': ['GET'],
  'deleted-manifests': ['GET'],
  'deleted-tags': ['GET'],
  'deleted-manifest': ['POST'],
};

/** Answers every request under `/acr/v1/`, ACR's own API, errors included. */
export async function respondAcr(
  ports: AcrPorts,
  registry: RegistryName,
  request: Request,
  requestId: string,
): Promise<Response> {
  try {
    return await dispatch(ports, registry, request, requestId);
  } catch (error) {
    return errorResponse(error, ports.log);
  }
}

async function dispatch(
  ports: AcrPorts,
  registry: RegistryName,
  request: Request,
  requestId: string,
): Promise<Response> {
  const url = new URL(request.url);
  const route = parseAcrRoute(url.pathname);
  const allow = acrVerbs[route.to];
  if (!allow.includes(request.method)) throw new RegistryError({ is: 'method-not-allowed', allow });
  const needed = accessFor(route, request.method);
  const caller = await ports.callers.identify(request, needed);
  if (route.to === 'catalog') return ports.catalog(caller, request);
  // A scanner that may pass images need not hold more; which of the two rights a change needs depends on its body.
  const instead = scannerAccess(route, request.method);
  requireAccess(caller, instead !== undefined && caller.may(instead) ? [] : needed);
  if (route.to === 'deleted-catalog') return respondDeletedCatalog(ports, registry, url);
  const by = { cause: causeOf(request, url.host, requestId, caller), asker: { request, caller } };
  return respond(ports, registry, route, request, url, by);
}

type KnownRoute = Exclude<AcrRoute, { readonly to: 'catalog' | 'deleted-catalog' }>;

async function respond(
  ports: AcrPorts,
  registry: RegistryName,
  route: KnownRoute,
  request: Request,
  url: URL,
  by: RecycledBy & { readonly asker: Asker },
): Promise<Response> {
  const key = { registry, repository: route.repository };
  const where = { registry: url.host, imageName: route.repository };
  switch (route.to) {
    case 'repository':
      return respondRepository(ports, key, where, request, by);
    case 'tags':
      return respondTagList(ports, key, where, url.searchParams);
    case 'tag':
      return respondTag(ports, key, where, route.tag, request, by);
    case 'manifests':
      return respondManifestList(ports, key, where, url.searchParams);
    case 'manifest':
      return respondOneManifest(ports, key, where, route.digest, by.asker);
    case 'deleted-manifests':
      return respondDeletedManifests(ports, key, where, url.searchParams);
    case 'deleted-tags':
      return respondDeletedTags(ports, key, where, url.searchParams);
    case 'deleted-manifest':
      return restoreDeleted(ports, key, where, route.digest, { request, force: isForced(url.searchParams), by });
  }
}

/** Returns whether the query has `force`. az writes it as Python does: `force=True`. */
function isForced(query: URLSearchParams): boolean {
  return query.get('force')?.toLowerCase() === 'true';
}

function accessFor(route: AcrRoute, method: string): Access[] {
  if (route.to === 'catalog') return [{ type: 'registry', name: 'catalog', action: '*' }];
  if (route.to === 'deleted-catalog') return [{ type: 'registry', name: 'deleted_catalog', action: '*' }];
  return [{ type: 'repository', name: route.repository, action: actionFor(route.to, method) }];
}

function scannerAccess(route: AcrRoute, method: string): Access | undefined {
  if (route.to !== 'manifest') return undefined;
  const action = method === 'PATCH' ? 'quarantine_write' : 'quarantine_read';
  return { type: 'repository', name: route.repository, action };
}

function actionFor(to: AcrRoute['to'], method: string): RepositoryAction {
  if (to.startsWith('deleted-')) return method === 'GET' ? 'deleted_read' : 'deleted_restore';
  if (method === 'DELETE') return 'delete';
  return method === 'PATCH' ? 'metadata_write' : 'metadata_read';
}
