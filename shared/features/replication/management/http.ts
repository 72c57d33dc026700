import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../../core/documents/repository.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { changed } from '../../../core/http/merge-patch.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RepositoryName } from '../../../core/oci/name.ts';
import type { Replica } from '../documents.ts';
import { replicaSettingsSchema } from '../documents.ts';
import type { ReplicationPorts } from '../ports.ts';
import { regionTotals } from '../region-totals.ts';
import { changeReplica, newWalk, putReplica, readReplicas, removeReplica, theReplica } from '../replicas.ts';
import { statusOf } from '../status.ts';
import { earlierRoutes } from './earlier.ts';
import { replicationTag, routes, showReplica } from './wire.ts';

/** Makes `/replications`, with `/replicas`, the name that they had before, and `/replication` of the management API. */
export function replicationRoutes(ports: ReplicationPorts & { readonly places: Places }): OpenAPIHono {
  const api = managementRoutes(replicationTag);
  api.openapi(routes.list, async (context) => {
    const all = await readReplicas(ports);
    const page = ports.places.pageOf('replications', all, ({ region }) => region, context.req.valid('query'));
    const items = page.items.map(showReplica);
    return context.json(
      { regions: [...ports.regions.names].sort(), items, ...nextLink(context.req, page.continuation) },
      200,
    );
  });
  api.openapi(routes.read, async (context) =>
    context.json(showReplica(await theReplica(ports, context.req.valid('param').region)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { replica, created } = await putReplica(ports, context.req.valid('param').region, context.req.valid('json'));
    return context.json(showReplica(replica), created ? 201 : 200);
  });
  api.openapi(routes.patch, async (context) => {
    const { region, settings } = await theReplica(ports, context.req.valid('param').region);
    const after = changed(replicaSettingsSchema, settings, context.req.valid('json'));
    return context.json(showReplica((await putReplica(ports, region, after)).replica), 200);
  });
  api.openapi(routes.remove, async (context) =>
    context.json(showReplica(await removeReplica(ports, context.req.valid('param').region)), 202),
  );
  earlierRoutes(api, ports);
  api.openapi(routes.regions, async (context) => context.json({ items: await regionTotals(ports) }, 200));
  api.openapi(routes.status, async (context) => {
    const { repository, tag, digest } = context.req.valid('query');
    const status = await statusOf(ports, { registry: ports.registry, repository }, digest ?? tag ?? ('' as never));
    return context.json({ ...status, regions: [...status.regions] }, 200);
  });
  api.openapi(routes.reconcile, async (context) =>
    context.json({ items: (await reconcile(ports, context.req.valid('json'))).map(showReplica) }, 202),
  );
  return api;
}

/**
 * Throws `RegistryError` (`name-unknown`) for an unknown repository: with a misspelt name it would seem that nothing
 * had drifted.
 */
async function requireRepository(
  { documents, registry }: ReplicationPorts,
  repository: RepositoryName | undefined,
): Promise<void> {
  if (repository === undefined) return;
  const entry = await readStored(documents, repositoryDocumentSchema, repositoryRef({ registry, repository }));
  if (entry === undefined) throw new RegistryError({ is: 'name-unknown', name: repository });
}

/** Begins walks; one that is under way begins again. */
async function reconcile(
  ports: ReplicationPorts,
  { region, repository }: { readonly region?: string | undefined; readonly repository?: RepositoryName | undefined },
): Promise<Replica[]> {
  await requireRepository(ports, repository);
  const names =
    region === undefined
      ? (await readReplicas(ports)).map((each) => each.region)
      : [(await theReplica(ports, region)).region];
  const startedAt = ports.clock.now().toISOString();
  const begun = await Promise.all(
    names.map((name) =>
      changeReplica(ports, name, (before) => ({
        ...before,
        walk: newWalk('reconcile', startedAt, { check: true, ...defined({ repository }) }),
      })),
    ),
  );
  return begun.filter((each) => each !== undefined);
}
