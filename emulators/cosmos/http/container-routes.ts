import { parseContainerDefinition } from '../catalog/container-definition.ts';
import { parseJson } from '../json.ts';
import { notImplemented } from '../refusal.ts';
import type { Emulation } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { jsonReply, reply } from './exchange.ts';

/** `/dbs/{id}/colls` */
export function containerFeedRoute({ catalog }: Emulation, request: ServiceRequest, database: string): Reply {
  switch (request.method) {
    case 'GET': {
      const containers = catalog.listContainers(database).map((container) => container.resource());
      return jsonReply(200, { _rid: '', DocumentCollections: containers, _count: containers.length });
    }
    case 'POST': {
      const container = catalog.createContainer(database, parseContainerDefinition(parseJson(request.body)));
      return jsonReply(201, container.resource());
    }
    default:
      throw notImplemented(`${request.method} /dbs/{id}/colls`);
  }
}

/** `/dbs/{id}/colls/{id}` */
export function containerRoute({ catalog }: Emulation, request: ServiceRequest, database: string, id: string): Reply {
  switch (request.method) {
    case 'GET':
      return jsonReply(200, catalog.container(database, id).resource());
    case 'DELETE':
      catalog.deleteContainer(database, id);
      return reply(204, undefined, 1);
    default:
      throw notImplemented(`${request.method} /dbs/{id}/colls/{id}`);
  }
}

/** `/dbs/{id}/colls/{id}/pkranges`: one range holds every key, so the SDK has nothing to merge. */
export function keyRangesRoute({ catalog }: Emulation, request: ServiceRequest, database: string, id: string): Reply {
  if (request.method !== 'GET') throw notImplemented(`${request.method} on pkranges`);
  const { rid } = catalog.container(database, id);
  const range = {
    id: '0',
    _rid: rid,
    minInclusive: '',
    maxExclusive: 'FF',
    ridPrefix: 0,
    status: 'online',
    parents: [],
  };
  return jsonReply(200, { _rid: rid, PartitionKeyRanges: [range], _count: 1 });
}
