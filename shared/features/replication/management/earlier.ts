import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { body, json } from '../../../core/http/management.ts';
import { parseBody } from '../../../core/http/parse-body.ts';
import { replicaSettingsSchema } from '../documents.ts';
import type { ReplicationPorts } from '../ports.ts';
import { putReplica, readReplicas, removeReplica, theReplica } from '../replicas.ts';
import { regionSchema, replicaSchema, showReplica } from './wire.ts';

const [hide, path] = [true, '/replicas/{region}'];
const inPath = { params: z.object({ region: regionSchema }) };
const one = json('The replica.', replicaSchema);

const routes = {
  list: createRoute({
    method: 'get',
    path: '/replicas',
    hide,
    responses: {
      200: json('All replicas.', z.object({ regions: z.array(z.string()), replicas: z.array(replicaSchema) })),
    },
  }),
  read: createRoute({ method: 'get', path, hide, request: inPath, responses: { 200: one } }),
  put: createRoute({
    method: 'put',
    path,
    hide,
    request: { ...inPath, ...body(replicaSettingsSchema) },
    responses: { 200: one },
  }),
  patch: createRoute({
    method: 'patch',
    path,
    hide,
    request: { ...inPath, ...body(z.record(z.string(), z.unknown())) },
    responses: { 200: one },
  }),
  remove: createRoute({ method: 'delete', path, hide, request: inPath, responses: { 202: one } }),
};

/**
 * Makes the routes of `/replicas`, the name that `/replications` had before. Scripts call it, so it answers as it
 * always did: with the whole list, and with 200 where a replica is created. No document lists it.
 */
export function earlierRoutes(api: OpenAPIHono, ports: ReplicationPorts): void {
  api.openapi(routes.list, async (context) =>
    context.json(
      { regions: [...ports.regions.names].sort(), replicas: (await readReplicas(ports)).map(showReplica) },
      200,
    ),
  );
  api.openapi(routes.read, async (context) =>
    context.json(showReplica(await theReplica(ports, context.req.valid('param').region)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { replica } = await putReplica(ports, context.req.valid('param').region, context.req.valid('json'));
    return context.json(showReplica(replica), 200);
  });
  api.openapi(routes.patch, async (context) => {
    const { region, settings } = await theReplica(ports, context.req.valid('param').region);
    const after = parseBody(replicaSettingsSchema, { ...settings, ...context.req.valid('json') });
    return context.json(showReplica((await putReplica(ports, region, after)).replica), 200);
  });
  api.openapi(routes.remove, async (context) =>
    context.json(showReplica(await removeReplica(ports, context.req.valid('param').region)), 202),
  );
}
