import { createRoute, z } from '@hono/zod-openapi';
import { absent, json, managementRoutes } from '../../../../shared/core/http/management.ts';
import { RegistryError } from '../../../../shared/core/oci/faults.ts';
import type { LastPushPorts } from './last-push.ts';
import { findLastPush } from './last-push.ts';

const lastPushSchema = z
  .object({
    repository: z.string().openapi({ description: 'Which repository was pushed to.', example: 'team/app' }),
    pushedAt: z.string().openapi({ format: 'date-time', description: 'When that was.' }),
  })
  .openapi('LastPush', { description: 'The last push to the registry.' });

const read = createRoute({
  method: 'get',
  path: '/last-push',
  operationId: 'getLastPush',
  summary: 'Gets the last push',
  description: 'Gets the last push to any repository of the registry.',
  responses: { ...absent('manifestNotFound'), 200: json('The last push.', lastPushSchema) },
});

export function lastPushRoutes(ports: LastPushPorts) {
  const api = managementRoutes({ name: 'last push', description: 'When the registry was pushed to last.' });
  api.openapi(read, async (context) => {
    const found = await findLastPush(ports);
    if (found === undefined)
      throw new RegistryError({ is: 'thing-unknown', code: 'manifestNotFound', what: 'push of late' });
    return context.json({ repository: found.repository, pushedAt: found.pushedAt }, 200);
  });
  return api;
}
