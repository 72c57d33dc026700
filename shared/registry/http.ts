import type { Cause } from '../events/envelope.ts';
import type { Caller } from '../ports/authorize.ts';
import { requireAccess } from '../http/access.ts';
import { errorResponse } from '../http/respond.ts';
import { RegistryError } from '../oci/faults.ts';
import type { RegistryName } from '../oci/name.ts';
import { accessFor } from './access.ts';
import type { RegistryPorts } from './ports.ts';
import { respondBlob } from './respond-blob.ts';
import { respondManifest } from './respond-manifest.ts';
import { respondTags } from './respond-tags.ts';
import { continueUpload, startUpload } from './respond-upload.ts';
import { parseRoute } from './route.ts';
import type { Route } from './route.ts';

/** Each endpoint's verbs (distribution-spec, "Endpoints"); any other is answered with 405. */
const verbs: Readonly<Record<Route['to'], readonly string[]>> = {
  base: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD'],
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
  const needed = accessFor(route, request.method, url.searchParams);
  const caller = await ports.callers.identify(request, needed);
  requireAccess(caller, needed);
  if (route.to === 'base') return Response.json({});
  const key = { registry, repository: route.repository };
  switch (route.to) {
    case 'manifest':
      return respondManifest(ports, key, route.reference, request, causeOf(request, url, requestId, caller));
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

function causeOf(request: Request, url: URL, requestId: string, caller: Caller): Cause {
  return {
    request: { id: requestId, host: url.host, method: request.method, useragent: request.headers.get('user-agent') ?? '' },
    actor: { name: caller.actor },
  };
}
