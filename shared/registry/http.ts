import type { Cause } from '../events/envelope.ts';
import { requireAccess } from '../http/access.ts';
import { errorResponse } from '../http/respond.ts';
import { RegistryError } from '../oci/faults.ts';
import type { RegistryName } from '../oci/name.ts';
import { accessFor } from './access.ts';
import { causeOf } from './cause.ts';
import type { RepositoryKey } from '../state/names.ts';
import { respondCatalog } from './acr/catalog.ts';
import type { RegistryPorts } from './ports.ts';
import { respondBlob } from './respond-blob.ts';
import { respondManifest } from './respond-manifest.ts';
import { respondTags } from './respond-tags.ts';
import { continueUpload, startUpload } from './respond-upload.ts';
import { parseRoute } from './route.ts';
import type { Route } from './route.ts';

/** What names a repository. */
type ContentRoute = Exclude<Route, { readonly to: 'base' | 'catalog' }>;

/** Each endpoint's verbs (distribution-spec, "Endpoints"); any other is answered with 405. */
const verbs: Readonly<Record<Route['to'], readonly string[]>> = {
  base: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD'],
  catalog: ['GET'],
  uploads: ['POST'],
  upload: ['GET', 'PATCH', 'PUT', 'DELETE'],
  tags: ['GET'],
};

/** The data plane: answers every request under `/v2/`, errors included. */
export async function respondRegistry(ports: RegistryPorts, registry: RegistryName, request: Request, requestId: string): Promise<Response> {
  try {
    return await dispatch(ports, registry, request, requestId);
  } catch (error) {
    return errorResponse(error, ports.log);
  }
}

async function dispatch(ports: RegistryPorts, registry: RegistryName, request: Request, requestId: string): Promise<Response> {
  const url = new URL(request.url);
  const route = parseRoute(url.pathname);
  const allow = verbs[route.to];
  if (!allow.includes(request.method)) throw new RegistryError({ is: 'method-not-allowed', allow });
  const caller = await ports.callers.identify(request);
  requireAccess(caller, accessFor(route, request.method, url.searchParams));
  if (route.to === 'base') return Response.json({});
  if (route.to === 'catalog') return respondCatalog(ports, registry, caller, request);
  const key = { registry, repository: route.repository };
  const answer = respond(ports, key, route, request, url, causeOf(request, url, requestId, caller));
  if (!reads(route, request.method)) return answer;
  return unlessRefused(answer, ports.entries.requireAllowed('read', key));
}

/** The two run beside each other: a repository that nobody may read is rare. An answer that is not given must not hold its stream. */
async function unlessRefused(answer: Promise<Response>, allowed: Promise<void>): Promise<Response> {
  const [answered, gate] = await Promise.allSettled([answer, allowed]);
  if (gate.status === 'fulfilled') return answer;
  if (answered.status === 'fulfilled') await answered.value.body?.cancel();
  throw gate.reason;
}

function reads(route: Route, method: string): boolean {
  return (route.to === 'manifest' || route.to === 'blob') && (method === 'GET' || method === 'HEAD');
}

async function respond(ports: RegistryPorts, key: RepositoryKey, route: ContentRoute, request: Request, url: URL, cause: Cause): Promise<Response> {
  switch (route.to) {
    case 'manifest':
      return respondManifest(ports, key, route.reference, request, cause);
    case 'blob':
      return respondBlob(ports, key, route.digest, request.method);
    case 'uploads':
      return startUpload(ports, key, request, url.searchParams);
    case 'upload':
      return continueUpload(ports, key, route.id, request, url.searchParams);
    case 'tags':
      return respondTags(ports, key, url.searchParams);
  }
}
