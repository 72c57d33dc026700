import { createRoute, z } from '@hono/zod-openapi';
import { absent, json, managementRoutes } from '../../../../shared/core/http/management.ts';
import { RegistryError } from '../../../../shared/core/oci/faults.ts';
import type { LatestPushPorts } from './latest-push.ts';
import { findLatestPush } from './latest-push.ts';

const latestPushSchema = z
  .object({
    repository: z.string().openapi({ description: 'Which repository was pushed to.', example: 'team/app' }),
    pushedAt: z.string().openapi({ format: 'date-time', description: 'When that was.' }),
  })
  .openapi('LatestPush', { description: 'The latest push to the registry.' });

const read = createRoute({
  method: 'get',
  path: '/latest-push',
  operationId: 'getLatestPush',
  summary: 'Gets the latest push',
  description: 'Gets the latest push to any repository of the registry.',
  responses: { ...absent('manifestNotFound'), 200: json('The latest push.', latestPushSchema) },
});

export function latestPushRoutes(ports: LatestPushPorts) {
  const api = managementRoutes({ name: 'latest push', description: 'When the registry was pushed to last.' });
  api.openapi(read, async (context) => {
    const found = await findLatestPush(ports);
    if (found === undefined)
      throw new RegistryError({ is: 'thing-unknown', code: 'manifestNotFound', what: 'push of late' });
    return context.json({ repository: found.repository, pushedAt: found.pushedAt }, 200);
  });
  return api;
}
