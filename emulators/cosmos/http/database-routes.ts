import { z } from 'zod';
import { resourceId } from '../catalog/container-definition.ts';
import { parseJson } from '../json.ts';
import { badRequest, notImplemented } from '../refusal.ts';
import type { Emulation } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { jsonReply, reply } from './exchange.ts';

const definition = z.object({ id: resourceId });

/** `/dbs` */
export function databaseFeedRoute({ catalog }: Emulation, request: ServiceRequest): Reply {
  switch (request.method) {
    case 'GET': {
      const databases = catalog.listDatabases();
      return jsonReply(200, { _rid: '', Databases: databases, _count: databases.length });
    }
    case 'POST': {
      const parsed = definition.safeParse(parseJson(request.body));
      if (!parsed.success) throw badRequest(`The database's definition is not valid. ${z.prettifyError(parsed.error)}`);
      return jsonReply(201, catalog.createDatabase(parsed.data.id));
    }
    default:
      throw notImplemented(`${request.method} /dbs`);
  }
}

/** `/dbs/{id}` */
export function databaseRoute({ catalog }: Emulation, request: ServiceRequest, id: string): Reply {
  switch (request.method) {
    case 'GET':
      return jsonReply(200, catalog.readDatabase(id));
    case 'DELETE':
      catalog.deleteDatabase(id);
      return reply(204, undefined, 1);
    default:
      throw notImplemented(`${request.method} /dbs/{id}`);
  }
}
