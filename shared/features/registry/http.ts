import type { Operation } from '../../core/admission/gate.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { requireAccess } from '../../core/http/access.ts';
import { causeOf } from '../../core/http/cause.ts';
import { commonHeaders, withCommonHeaders } from '../../core/http/common-headers.ts';
import { errorResponse } from '../../core/http/respond.ts';
import type { RequestTarget } from '../../core/http/target.ts';
import { targetOf } from '../../core/http/target.ts';
import { withWarnings } from '../../core/http/warnings.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { PushedBy } from '../../core/oci/principal.ts';
import type { Asker, Caller } from '../../core/ports/authorize.ts';
import { accessFor, insistedOn } from './access.ts';
import { respondCatalog } from './catalog.ts';
import { countAnswered } from './count-pull.ts';
import { deletedBlob } from './delete-blob.ts';
import type { RegistryPorts } from './ports.ts';
import { respondBlob } from './respond-blob.ts';
import { deletedManifest, pulledManifest, pushedManifest } from './respond-manifest.ts';
import { respondReferrers } from './respond-referrers.ts';
import { respondTags } from './respond-tags.ts';
import { continueUpload, needsNoCredentials, startUpload } from './respond-upload.ts';
import type { Route } from './route.ts';
import { parseRoute } from './route.ts';

/** A route that names a repository. */
type ContentRoute = Exclude<Route, { readonly to: 'base' | 'catalog' }>;

/** The methods of each endpoint (distribution-spec, "Endpoints"); any other one is answered with 405. */
export const registryVerbs: Readonly<Record<Route['to'], readonly string[]>> = {
  base: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  catalog: ['GET'],
  uploads: ['POST'],
  upload: ['GET', 'PATCH', 'PUT', 'DELETE'],
  tags: ['GET'],
  referrers: ['GET'],
};

/** Docker's engine up to 20.10 treats a registry as version 1 unless its first answer, 401 or not, has this header. */
const apiVersion = { 'Docker-Distribution-Api-Version': 'registry/2.0' };

/** A request whose route and caller are known. */
interface Asked extends Asker {
  readonly requestId: string;
  readonly target: RequestTarget;
}

/** Answers every request under `/v2/`, the data plane, errors included, with the headers that every answer has. */
export async function respondRegistry(
  ports: RegistryPorts,
  registry: RegistryName,
  request: Request,
  requestId: string,
): Promise<Response> {
  try {
    const target = targetOf(request.url);
    const route = parseRoute(target.path, request.method);
    const allow = registryVerbs[route.to];
    if (!allow.includes(request.method)) throw new RegistryError({ is: 'method-not-allowed', allow });
    const needed = accessFor(route, request.method, target.query);
    const caller = opensItself(ports, registry, route, target)
      ? urlHolder
      : await ports.callers.identify(request, needed);
    // No access is required for the catalog, for it shows each caller the part that it may see.
    if (route.to !== 'catalog') requireAccess(caller, needed, insistedOn(route, needed));
    const answer = await dispatch(ports, registry, route, { request, requestId, target, caller });
    return reads(route, request.method) ? withWarnings(answer, request) : withCommonHeaders(answer, request, requestId);
  } catch (error) {
    const answer = errorResponse(error, ports.log);
    if (answer.status === 401) for (const [name, value] of Object.entries(apiVersion)) answer.headers.set(name, value);
    return withCommonHeaders(answer, request, requestId);
  }
}

/** The caller that shows nothing but an upload's URL, where that is enough. The request is for that upload alone. */
const urlHolder: Caller = { actor: 'upload', may: () => true };

function opensItself(ports: RegistryPorts, registry: RegistryName, route: Route, { query }: RequestTarget): boolean {
  return (
    route.to === 'upload' && needsNoCredentials(ports, { registry, repository: route.repository }, route.id, query)
  );
}

async function dispatch(ports: RegistryPorts, registry: RegistryName, route: Route, asked: Asked): Promise<Response> {
  if (route.to === 'base') return Response.json({}, { headers: apiVersion });
  if (route.to === 'catalog') return respondCatalog(ports, registry, asked.caller, asked.request);
  const key = { registry, repository: route.repository };
  let served: Digest | undefined;
  const answer = respond(ports, key, route, asked, (digest) => (served = digest));
  if (!reads(route, asked.request.method)) return answer;
  const question = { operation: operationOf(route, asked.request.method), key, asker: asked };
  const given = await unlessRefused(answer, ports.entries.requireAllowed(question));
  countAnswered(ports.pulls, key, route, asked, served);
  return given;
}

/**
 * Waits for the answer and the gates, which run side by side, for a repository that nobody may read is rare. An answer
 * that is not given must not hold its stream.
 */
async function unlessRefused(answer: Promise<Response>, allowed: Promise<void>): Promise<Response> {
  const [answered, gate] = await Promise.allSettled([answer, allowed]);
  if (gate.status === 'fulfilled') return answer;
  if (answered.status === 'fulfilled') await answered.value.body?.cancel();
  throw gate.reason;
}

/** Returns the operation that the gates are asked about for a request that reads. */
function operationOf({ to }: Route, method: string): Operation {
  if (to === 'blob') return 'blob';
  return method === 'HEAD' ? 'head' : 'pull';
}

/**
 * Returns the pusher to store with a tag: its right to read the image's base is checked again when the base changes.
 */
function pushedByNow({ clock }: RegistryPorts, { principal }: Caller): PushedBy | undefined {
  return principal === undefined ? undefined : { who: principal, at: clock.now().toISOString() };
}

/**
 * Returns true for pulls. Their answers are made with all headers at once: reading back the headers of an existing
 * answer costs a tenth of a pull from memory.
 */
function reads(route: Route, method: string): boolean {
  return (route.to === 'manifest' || route.to === 'blob') && (method === 'GET' || method === 'HEAD');
}

async function respond(
  ports: RegistryPorts,
  key: RepositoryKey,
  route: ContentRoute,
  asked: Asked,
  served: (manifest: Digest) => void,
): Promise<Response> {
  const { request, requestId, target, caller } = asked;
  const cause = causeOf(request, target.host, requestId, caller);
  switch (route.to) {
    case 'manifest':
      if (request.method === 'PUT')
        return pushedManifest(ports, key, route.reference, request, {
          query: target.query,
          cause,
          asker: asked,
          pushedBy: pushedByNow(ports, caller),
        });
      if (request.method === 'DELETE') return deletedManifest(ports, key, route.reference, { cause, asker: asked });
      return pulledManifest(ports, key, route.reference, request, {
        by: { cause, asker: asked },
        common: commonHeaders(request, requestId),
        served,
      });
    case 'blob':
      if (request.method === 'DELETE') return deletedBlob(ports, key, route.digest, asked);
      return respondBlob(ports, key, route.digest, request, commonHeaders(request, requestId));
    case 'uploads':
      return startUpload(ports, key, request, target.query, asked);
    case 'upload':
      return continueUpload(ports, key, route.id, request, target.query);
    case 'tags':
      return respondTags(ports, key, target.query);
    case 'referrers':
      return respondReferrers(ports, key, route.subject, target.query);
  }
}
