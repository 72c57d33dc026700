import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import { catalogue, eventTypes } from '../../../core/events/catalogue.ts';
import { tagComponents } from '../../../core/http/management.ts';
import { renderBody } from '../body.ts';
import type { TypeOfEvent } from '../body-schema.ts';
import { actionOfType, bodySchema } from '../body-schema.ts';
import type { WebhookFormat } from '../documents.ts';
import { formats, pingType } from '../documents.ts';

type Registry = OpenAPIHono['openAPIRegistry'];
type Described = Parameters<Registry['registerWebhook']>[0];

const signedHeaders = z.object({
  'webhook-id': z.string().openapi({
    description:
      'The id of this event for this webhook, the same at every attempt. A receiver can drop an id ' +
      'that it has seen before.',
    example: 'dlv_20260101-0123456789abcdefghijklmnopqrstuv',
  }),
  'webhook-timestamp': z.string().openapi({
    description: 'The time of this attempt, in seconds since 1970. Refuse requests that are older than five minutes.',
    example: '1767268800',
  }),
  'webhook-signature': z.string().openapi({
    description:
      'v1, and the base64 of HMAC-SHA256 over id.timestamp.body; one signature for each secret that ' +
      'signs now, separated by spaces.',
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  }),
});

const responses: Described['responses'] = {
  '2XX': {
    description:
      'The event is delivered. Any other answer is a failure: redirects are not followed, and the ' +
      'delivery is tried again for a day.',
  },
  410: { description: 'The webhook is disabled.' },
};

interface Receivable extends TypeOfEvent {
  readonly summary: string;
  readonly example: { readonly id: string; readonly timestamp: string };
}

const pingExample = {
  id: '31c51664-e5bd-416a-a5df-e5206bc47ed0',
  timestamp: '2026-01-01T12:00:00.000Z',
  action: 'ping',
};
const ping: Receivable = {
  type: pingType,
  data: z.object({ id: z.string(), timestamp: z.iso.datetime(), action: z.literal('ping') }),
  summary: 'A ping has no event: an administrator tests whether the receiver works. It is never published.',
  example: pingExample,
};
const receivable: readonly Receivable[] = [...eventTypes.map((type) => ({ type, ...catalogue[type] })), ping];

/**
 * Describes each body that receivers may get: one entry for each action and format, named `push.acr`. It uses the
 * document's own registry: of those of a router below it Hono makes paths.
 */
export function describeReceived(registry: Registry): void {
  for (const format of formats)
    registry.registerComponent(tagComponents as never, `format ${format}`, {
      description: `The request that receivers get in the format ${format}.`,
    } as never);
  for (const each of receivable) for (const format of formats) registry.registerWebhook(described(each, format));
}

function described(of: Receivable, format: WebhookFormat): Described {
  const { type, summary, example } = of;
  const { id, timestamp: time } = example;
  const { contentType, body } = renderBody(format, {
    id,
    source: '/longshore',
    type,
    subject: 'team/app',
    time,
    data: example,
  });
  const [mediaType = contentType] = contentType.split(';');
  const content = { [mediaType]: { schema: jsonSchema(bodySchema(format, of)), example: JSON.parse(body) as unknown } };
  return {
    path: `${actionOfType(of)}.${format}`,
    method: 'post',
    operationId: receivedId(actionOfType(of), format),
    summary,
    description: `A receiver gets this for the action ${actionOfType(of)} in the format ${format}. ${summary}`,
    security: [],
    tags: [`format ${format}`],
    request: { headers: signedHeaders, body: { required: true, content } },
    responses,
  };
}

/** Makes an id that languages accept as a name: `receivePushAcr`. */
function receivedId(action: string, format: WebhookFormat): string {
  const parts = `receive.${action}.${format}`.split(/[^a-zA-Z0-9]+/);
  return parts.map((part, at) => (at === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1))).join('');
}

/**
 * Converts a schema to JSON Schema, which OpenAPI 3.1 uses. Names and digests, which code checks, are text in it; and
 * it allows further properties, as receivers must.
 */
function jsonSchema(schema: z.ZodObject): object {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema: made }) {
      if (zodSchema._zod.def.type === 'custom') made.type = 'string';
      delete made.additionalProperties;
      if (made.format === 'date-time') delete made.pattern;
    },
  });
  return described;
}
