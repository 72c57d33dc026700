import type { Faults } from '../faults.ts';
import { parseJson } from '../json.ts';
import { notImplemented } from '../refusal.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { jsonReply, reply } from './exchange.ts';

/** The path of the control route; the service has no kind of resource that starts with an underscore. */
export const FAULTS_PATH = '_faults';

/** `POST` arms one fault, `GET` lists those armed and counts those that struck, `DELETE` clears them. */
export function faultRoute(faults: Faults, request: ServiceRequest): Reply {
  switch (request.method) {
    case 'POST':
      faults.addUnchecked(parseJson(request.body));
      return jsonReply(201, { armed: faults.armed });
    case 'GET':
      return jsonReply(200, { armed: faults.armed, struck: faults.struck });
    case 'DELETE':
      faults.clear();
      return reply(204, undefined, 0);
    default:
      throw notImplemented(`${request.method} /${FAULTS_PATH}`);
  }
}
