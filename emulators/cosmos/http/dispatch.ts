import type { Container } from '../catalog/container.ts';
import type { FaultTarget } from '../faults.ts';
import { notImplemented, writeForbidden } from '../refusal.ts';
import { accountRoute } from './account-routes.ts';
import { changeFeedRoute } from './change-feed-route.ts';
import { containerFeedRoute, containerRoute, keyRangesRoute } from './container-routes.ts';
import { databaseFeedRoute, databaseRoute } from './database-routes.ts';
import type { Emulation, Region } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { header, isFlagged } from './exchange.ts';
import { batchRoute, changeRoute, createRoute, readRoute } from './item-routes.ts';
import { queryPlanRoute, queryRoute, readFeedRoute } from './query-routes.ts';

const isPlan = (request: ServiceRequest): boolean => isFlagged(request, 'x-ms-cosmos-is-query-plan-request');

/** The SDK sends the flag, other clients of the REST API only the content type. */
const isQuery = (request: ServiceRequest): boolean =>
  request.method === 'POST' &&
  (isFlagged(request, 'x-ms-documentdb-isquery') || header(request, 'content-type') === 'application/query+json');

/** Everything else writes, and is refused by a read region. */
const isRead = (request: ServiceRequest): boolean => request.method === 'GET' || isQuery(request) || isPlan(request);

/** Describes a request for faults; undefined for metadata and for the SDK's own requests, which meet none. */
export function faultTarget(region: Region, request: ServiceRequest): FaultTarget | undefined {
  const [, , , container, kind] = request.path.segments;
  if (kind !== 'docs' || container === undefined || isPlan(request)) return undefined;
  const operation = isQuery(request) ? 'query' : isRead(request) ? 'read' : 'write';
  return { operation, container, region: region.name };
}

/** Finds the route of a request and runs it. One call is one step: nothing else happens in between. */
export function dispatch(emulation: Emulation, region: Region, request: ServiceRequest): Reply {
  if (region.isReadOnly && !isRead(request)) throw writeForbidden(region.name);
  // Due changes are applied here and not by a timer: a reader sees the state of exactly one lag ago.
  region.replica?.catchUp(emulation.now());
  const { segments } = request.path;
  const [databases, database, containers, container] = segments;
  if (databases === undefined) return accountRoute(emulation, request);
  if (databases !== 'dbs' || (containers ?? 'colls') !== 'colls') throw unknown(request);
  if (segments.length < 5 && isQuery(request)) throw notImplemented('queries over databases and containers');
  if (database === undefined) return databaseFeedRoute(emulation, request);
  if (containers === undefined) return databaseRoute(emulation, request, database);
  if (container === undefined) return containerFeedRoute(emulation, request, database);
  return dispatchInContainer(emulation, region, request, database, container);
}

function dispatchInContainer(
  emulation: Emulation,
  region: Region,
  request: ServiceRequest,
  database: string,
  id: string,
): Reply {
  const [kind, item, ...rest] = request.path.segments.slice(4);
  if (kind === undefined) return containerRoute(emulation, request, database, id);
  if (kind === 'pkranges' && item === undefined) return keyRangesRoute(emulation, request, database, id);
  if (kind !== 'docs' || rest.length > 0) throw unknown(request);
  const container = emulation.catalog.container(database, id);
  if (item === undefined) return dispatchFeed(emulation, region, request, container);
  if (request.method === 'GET') return readRoute(emulation, region, request, container, item);
  return changeRoute(emulation, request, container, item);
}

/** A POST to the feed is one of five requests; only headers tell which. The order matters: a plan is also a query. */
function dispatchFeed(emulation: Emulation, region: Region, request: ServiceRequest, container: Container): Reply {
  if (request.method === 'GET') {
    const isChangeFeed = header(request, 'a-im') !== undefined;
    return isChangeFeed
      ? changeFeedRoute(emulation, region, request, container)
      : readFeedRoute(emulation, region, request, container);
  }
  if (request.method !== 'POST') throw unknown(request);
  if (isPlan(request)) return queryPlanRoute();
  if (isQuery(request)) return queryRoute(emulation, region, request, container);
  if (isFlagged(request, 'x-ms-cosmos-is-batch-request')) return batchRoute(emulation, request, container);
  return createRoute(emulation, request, container);
}

function unknown({ method, path }: ServiceRequest): Error {
  return notImplemented(`${method} /${path.segments.join('/')}`);
}
