import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes } from '../../http/management.ts';
import { deliveryRoutes } from './deliveries.ts';
import { hookRoutes } from './hooks.ts';
import type { WebhookManagementPorts } from './ports.ts';

/** What of the management API is about webhooks. */
export function webhookRoutes(ports: WebhookManagementPorts): OpenAPIHono {
  const api = managementRoutes();
  for (const routes of [hookRoutes, deliveryRoutes]) api.route('/', routes(ports));
  return api;
}
