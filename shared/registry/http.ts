import type { Cause } from '../events/envelope.ts';
import type { Caller } from '../ports/authorize.ts';
import { requireAccess } from '../http/access.ts';
import { errorResponse } from '../http/respond.ts';
import { targetOf } from '../http/target.ts';
import type { RequestTarget } from '../http/target.ts';
import { RegistryError } from '../oci/faults.ts';
import type { RegistryName } from '../oci/name.ts';
import { accessFor } from './access.ts';
import type { RegistryPorts } from './ports.ts';
import { respondBlob } from './respond-blob.ts';
import { deletedManifest, pulledManifest, pushedManifest } from './respond-manifest.ts';
import { respondReferrers } from './respond-referrers.ts';
import { respondTags } from './respond-tags.ts';
import { continueUpload, startUpload } from './respond-upload.ts';
import { parseRoute } from './route.ts';
import type { Route } from './route.ts';

/** Each endpoint's verbs (distribution-spec, "Endpoints"); any other is answered with 405. */
const verbs: Readonly<Record<Route['to'], readonly string[]>> = {
  base: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'PATCH', 'PUT', 'DELETE'],
  tags: ['GET'],
  referrers: ['GET'],
};

/** A request once it is known what it is for and who asks. */
interface Asked {
  readonly request: Request;
  readonly requestId: string;
  readonly target: RequestTarget;
  readonly caller: Caller;
}

/** The data plane: answers every request under `/v2/`, errors included. */
export async function respondRegistry(ports: RegistryPorts, registry: RegistryName, request: Request, requestId: string): Promise<Response> {
  try {
    const target = targetOf(request.url);
    const route = parseRoute(target.path);
    const allow = verbs[route.to];
    if (!allow.includes(request.method)) throw new RegistryError({ is: 'method-not-allowed', allow });
    const needed = accessFor(route, request.method, target.query);
    const caller = await ports.callers.identify(request, needed);
    requireAccess(caller, needed);
    return await dispatch(ports, registry, route, { request, requestId, target, caller });
  } catch (error) {
    return errorResponse(error, ports.log);
  }
}

async function dispatch(ports: RegistryPorts, registry: RegistryName, route: Route, asked: Asked): Promise<Response> {
  if (route.to === 'base') return Response.json({});
  const key = { registry, repository: route.repository };
  const { request, target, caller } = asked;
  switch (route.to) {
    case 'manifest':
      if (request.method === 'PUT') return pushedManifest(ports, key, route.reference, request, target.query, causeOf(asked));
      if (request.method === 'DELETE') return deletedManifest(ports, key, route.reference, causeOf(asked));
      return pulledManifest(ports, key, route.reference, request);
    case 'blob':
      return respondBlob(ports, key, route.digest, request);
    case 'uploads':
      return startUpload(ports, key, request, target.query, caller);
    case 'upload':
      return continueUpload(ports, key, route.id, request, target.query);
    case 'tags':
      return respondTags(ports, key, target.query);
    case 'referrers':
      return respondReferrers(ports, key, route.subject, target.query);
  }
}

function causeOf({ request, requestId, target, caller }: Asked): Cause {
  return {
    request: { id: requestId, host: target.host, method: request.method, useragent: request.headers.get('user-agent') ?? '' },
    actor: { name: caller.actor },
  };
}
