import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { managementRoutes } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RepositoryName } from '../../../core/oci/name.ts';
import type { Replica } from '../documents.ts';
import { replicaSettingsSchema } from '../documents.ts';
import type { ReplicationPorts } from '../ports.ts';
import { changeReplica, newWalk, putReplica, readReplica, readReplicas, removeReplica } from '../replicas.ts';
import { statusOf } from '../status.ts';
import { routes, showReplica } from './wire.ts';

/** `/replicas` and `/replication` of the management API. */
export function replicationRoutes(ports: ReplicationPorts): OpenAPIHono {
  const api = managementRoutes();
  api.openapi(routes.list, async (context) =>
    context.json(
      { regions: [...ports.regions.names].sort(), replicas: (await readReplicas(ports)).map(showReplica) },
      200,
    ),
  );
  api.openapi(routes.read, async (context) =>
    context.json(showReplica(await theOne(ports, context.req.valid('param').region)), 200),
  );
  api.openapi(routes.put, async (context) =>
    context.json(
      showReplica(await putReplica(ports, context.req.valid('param').region, context.req.valid('json'))),
      200,
    ),
  );
  api.openapi(routes.patch, async (context) => {
    const { region, settings } = await theOne(ports, context.req.valid('param').region);
    return context.json(
      showReplica(await putReplica(ports, region, checked({ ...settings, ...context.req.valid('json') }))),
      200,
    );
  });
  api.openapi(routes.remove, async (context) =>
    context.json(showReplica(await removeReplica(ports, context.req.valid('param').region)), 202),
  );
  api.openapi(routes.status, async (context) => {
    const { repository, tag, digest } = context.req.valid('query');
    const status = await statusOf(ports, { registry: ports.registry, repository }, digest ?? tag ?? ('' as never));
    return context.json({ ...status, regions: [...status.regions] }, 200);
  });
  api.openapi(routes.reconcile, async (context) =>
    context.json({ replicas: (await reconcile(ports, context.req.valid('json'))).map(showReplica) }, 202),
  );
  return api;
}

function checked(settings: object) {
  const parsed = replicaSettingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new RegistryError({ is: 'request-invalid', why: z.prettifyError(parsed.error).replaceAll('\n', ' ') });
}

async function theOne(ports: ReplicationPorts, region: string): Promise<Replica> {
  const replica = await readReplica(ports, region);
  if (replica === undefined) throw new RegistryError({ is: 'thing-unknown', what: `replica "${region.slice(0, 40)}"` });
  return replica;
}

/** A walk that is under way is begun anew. */
async function reconcile(
  ports: ReplicationPorts,
  { region, repository }: { readonly region?: string | undefined; readonly repository?: RepositoryName | undefined },
): Promise<Replica[]> {
  const names =
    region === undefined
      ? (await readReplicas(ports)).map((each) => each.region)
      : [(await theOne(ports, region)).region];
  const startedAt = ports.clock.now().toISOString();
  const begun = await Promise.all(
    names.map((name) =>
      changeReplica(ports, name, (before) => ({
        ...before,
        walk: newWalk('reconcile', startedAt, { check: true, ...(repository === undefined ? {} : { repository }) }),
      })),
    ),
  );
  return begun.filter((each) => each !== undefined);
}
