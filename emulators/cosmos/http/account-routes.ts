import { notImplemented } from '../refusal.ts';
import type { Emulation, Location } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { jsonReply } from './exchange.ts';

const locationResource = ({ name, endpoint }: Location): Record<string, string> => ({
  name,
  databaseAccountEndpoint: endpoint,
});

/** `GET /`: where the account can be written to and read from. An id of 'localhost' would make the SDK ignore both. */
export function accountRoute(emulation: Emulation, request: ServiceRequest): Reply {
  if (request.method !== 'GET') throw notImplemented(`${request.method} on the account`);
  const locations = emulation.locations().map(locationResource);
  return jsonReply(200, {
    id: 'longshore-local',
    _self: '',
    _rid: 'longshore-local',
    _dbs: '//dbs/',
    writableLocations: locations.slice(0, 1),
    readableLocations: locations,
    enableMultipleWriteLocations: false,
    userConsistencyPolicy: { defaultConsistencyLevel: 'BoundedStaleness' },
  });
}
