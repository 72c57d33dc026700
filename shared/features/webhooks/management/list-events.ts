import { createRoute, z } from '@hono/zod-openapi';
import { absent, json, pageSchema } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import { acrBody } from '../body.ts';
import type { Attempt, Delivery } from '../documents.ts';
import { inHookPath } from './hook-schema.ts';

const headersSchema = z.record(z.string(), z.string());
const requestSchema = z
  .object({
    content: z.record(z.string(), z.unknown()).openapi({ description: 'The body in the format acr.' }),
    headers: headersSchema.openapi({ description: 'The headers of the request.' }),
    method: z.literal('POST').openapi({ description: 'The method of the request.' }),
    requestUri: z.string().openapi({ description: 'The URL of the receiver.' }),
    version: z.literal('1.1').openapi({ description: 'The version of HTTP.' }),
  })
  .openapi({ description: 'The request to the receiver.' });
const responseSchema = z
  .object({
    content: z.string().openapi({ description: "The beginning of the answer's body." }),
    headers: headersSchema.openapi({ description: 'The headers of the answer.' }),
    reasonPhrase: z.string().openapi({ description: 'The reason phrase of the answer.' }),
    statusCode: z.string().openapi({ description: 'The status of the answer, as text.', example: '200' }),
    version: z.literal('1.1').openapi({ description: 'The version of HTTP.' }),
  })
  .openapi({ description: "The receiver's answer." });
const eventSchema = z
  .object({
    id: z.string().openapi({ description: 'The id of the event.' }),
    eventRequestMessage: requestSchema,
    eventResponseMessage: responseSchema.optional(),
  })
  .openapi('AcrWebhookEvent', { description: 'An event that was sent, in the shape of Azure Resource Manager.' });
const listSchema = z
  .object({
    value: z.array(eventSchema).openapi({ description: 'Events, the newest first.' }),
    nextLink: z.string().optional().openapi({ description: 'The URL of the next page; absent on the last page.' }),
  })
  .openapi('AcrWebhookEvents', { description: 'A page of events, in the shape of Azure Resource Manager.' });

const shared = {
  path: '/webhooks/{name}/listEvents',
  request: { ...inHookPath, query: pageSchema },
  responses: { ...absent('webhookNotFound'), 200: json('A page of events.', listSchema) },
} as const;

/** Azure's clients post for the first page and get the next ones. */
export const listEventsRoutes = [
  createRoute({
    ...shared,
    method: 'post',
    operationId: 'listWebhookEvents',
    summary: 'Lists the events of a webhook as ACR does',
    description: 'Lists the events of a webhook, each with its latest attempt, in the shape of Azure Resource Manager.',
  }),
  createRoute({
    ...shared,
    method: 'get',
    operationId: 'listMoreWebhookEvents',
    summary: 'Gets a further page of events',
    description: 'Gets the page that the nextLink of the previous page names.',
  }),
] as const;

/**
 * Shows a delivery that was attempted, under the id that its body has, as ACR's resource provider does
 * (Microsoft.ContainerRegistry 2019-05-01, `Event`).
 */
export function acrEventOf({ event, attempts }: Delivery): z.infer<typeof eventSchema>[] {
  const latest = attempts.at(-1);
  // It was never attempted, or its event has left the log.
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

/** Writes names of headers as ACR does: `Content-Type`. */
function titled(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  );
}
