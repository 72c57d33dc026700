import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Places } from '../../../core/documents/whole-list.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { changed } from '../../../core/http/merge-patch.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { policyRef, policySettingsSchema, putPolicy, readPolicies, readPolicy } from '../plan/policies.ts';
import type { BuildPorts } from '../ports.ts';
import { policiesTag, policyRoutes as routes } from './policies-wire.ts';
import { showPolicy } from './shown.ts';

/** Makes the routes of `/builds/policies` of the management API. */
export function buildPolicyRoutes(ports: BuildPorts & { readonly places: Places }): OpenAPIHono {
  const { documents, registry, clock, places } = ports;
  const api = managementRoutes(policiesTag);
  const theOne = async (name: string) => {
    const policy = await readPolicy(documents, registry, name);
    if (policy === undefined) throw unknown(name);
    return policy;
  };
  api.openapi(routes.list, async (context) => {
    const all = await readPolicies(documents, registry);
    const page = places.pageOf('build policies', all, ({ name }) => name, context.req.valid('query'));
    return context.json({ items: page.items.map(showPolicy), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(showPolicy(await theOne(context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const put = await putPolicy(documents, registry, name, context.req.valid('json'), clock.now());
    return context.json(showPolicy(put.policy), put.created ? 201 : 200);
  });
  api.openapi(routes.patch, async (context) => {
    const { name, settings } = await theOne(context.req.valid('param').name);
    const after = changed(policySettingsSchema, settings, context.req.valid('json'));
    return context.json(showPolicy((await putPolicy(documents, registry, name, after, clock.now())).policy), 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    const outcome = await documents.commitDocuments(
      'registries',
      [registry],
      [{ do: 'delete', id: policyRef(registry, name).id }],
    );
    if (!outcome.committed) throw unknown(name);
    return context.body(null, 204);
  });
  return api;
}

function unknown(name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: 'buildPolicyNotFound', what: `build policy "${name}"` });
}
