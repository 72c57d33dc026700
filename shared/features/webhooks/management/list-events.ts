import { createRoute, z } from '@hono/zod-openapi';
import { json, pageSchema, refusals } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import { acrBody } from '../body.ts';
import type { Attempt, Delivery } from '../documents.ts';
import { inHookPath } from './hook-schema.ts';

const headersSchema = z.record(z.string(), z.string());
const requestSchema = z.object({
  content: z.record(z.string(), z.unknown()).openapi({ description: 'The body in format acr.' }),
  headers: headersSchema,
  method: z.literal('POST'),
  requestUri: z.string(),
  version: z.literal('1.1'),
});
const responseSchema = z.object({
  content: z.string(),
  headers: headersSchema,
  reasonPhrase: z.string(),
  statusCode: z.string().openapi({ example: '200' }),
  version: z.literal('1.1'),
});
const eventSchema = z
  .object({ id: z.string(), eventRequestMessage: requestSchema, eventResponseMessage: responseSchema.optional() })
  .openapi('AcrWebhookEvent');
const listSchema = z
  .object({ value: z.array(eventSchema), nextLink: z.string().optional() })
  .openapi('AcrWebhookEvents');

const shared = {
  path: '/webhooks/{name}/listEvents',
  request: { ...inHookPath, query: pageSchema },
  responses: { ...refusals, 200: json('One page.', listSchema) },
} as const;

/** Azure's clients post for the first page and get the next ones. */
export const listEventsRoutes = [
  createRoute({
    ...shared,
    method: 'post',
    summary: 'What a webhook was sent, in the shape of Azure Resource Manager: each delivery with its latest attempt',
  }),
  createRoute({ ...shared, method: 'get', summary: 'A further page of listEvents' }),
] as const;

/**
 * A delivery that was attempted, under the id that its body has, as ACR's resource provider tells of it
 * (Microsoft.ContainerRegistry 2019-05-01, `Event`).
 */
export function acrEventOf({ event, attempts }: Delivery): z.infer<typeof eventSchema>[] {
  const latest = attempts.at(-1);
  // One that was never tried, or whose event has left the log.
  if (latest === undefined || event === undefined) return [];
  const { request, outcome } = latest;
  const content = acrBody(event);
  return [
    {
      id: String(content.id),
      eventRequestMessage: {
        content,
        headers: titled(request.headers),
        method: 'POST',
        requestUri: shownUrl(request.url),
        version: '1.1',
      },
      ...responseOf(outcome),
    },
  ];
}

function responseOf(outcome: Attempt['outcome']): { eventResponseMessage?: z.infer<typeof responseSchema> } {
  if (outcome.is !== 'answered') return {};
  const { body, headers, reason, status } = outcome;
  return {
    eventResponseMessage: {
      content: body,
      headers: titled(headers),
      reasonPhrase: reason,
      statusCode: String(status),
      version: '1.1',
    },
  };
}

/** `Content-Type`, as ACR writes them. */
function titled(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  );
}
