import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes } from '../../../core/http/management.ts';
import type { PipelinePorts } from '../ports.ts';
import { deliveryRoutes } from './deliveries.ts';
import { webhooksTag } from './hook-schema.ts';
import { hookRoutes } from './hooks.ts';
import type { WebhookManagementPorts } from './ports.ts';
import { redeliveryRoutes } from './redelivery.ts';

/** Makes the routes of the management API for webhooks. */
export function webhookRoutes(ports: WebhookManagementPorts & PipelinePorts): OpenAPIHono {
  const api = managementRoutes(webhooksTag);
  for (const routes of [hookRoutes, deliveryRoutes, redeliveryRoutes]) api.route('/', routes(ports));
  return api;
}
