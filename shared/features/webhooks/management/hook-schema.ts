import { z } from '@hono/zod-openapi';
import { formats, webhookNamePattern } from '../documents.ts';
import { acrActions, hookActions, parseExclude, parseScope, scopeSyntax } from '../scope.ts';
import { parseSecret } from '../secrets.ts';

/**
 * Actions fit into the 100 changes of one transaction, twice over: the old ones are deleted in the one that creates the
 * new ones.
 */
const maxActions = 40;
const maxExcludes = 20;
/** The seconds for which the queue can hold a message back: at most seven days. */
const longestWait = 7 * 24 * 3600;

export const webhooksTag = {
  name: 'webhooks',
  description: 'Manages the receivers of events, their secrets and their deliveries.',
};

/** ACR's rule for the names of webhooks. */
export const hookNameSchema = z
  .string()
  .regex(webhookNamePattern, 'must be 5 to 50 letters and digits')
  .openapi({ example: 'production', description: 'The name of a webhook: 5 to 50 letters and digits, as in ACR.' });
export const inHookPath = { params: z.object({ name: hookNameSchema }) };

export const secretTextSchema = z
  .string()
  .refine(
    (text) => parseSecret(text) !== undefined,
    'must be whsec_ and 24 to 64 bytes in base64; without a secret the registry makes one',
  )
  .openapi({
    description: 'A secret of your own; absent, the registry makes one.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  });

const actionsSchema = z
  .array(z.enum(hookActions, `must be one of ${hookActions.join(', ')}`), 'must be a list of actions')
  .min(1, 'must name at least one action')
  .max(maxActions)
  .transform((actions) => [...new Set(actions)])
  .openapi({
    type: 'array',
    items: { type: 'string', enum: [...hookActions] },
    description: `The actions of ACR (${acrActions.join(', ')}) and the types of events that it gets.`,
  });

const scopeSchema = z
  .string()
  .max(400)
  .refine((text) => parseScope(text) !== undefined, scopeSyntax)
  .openapi({
    description: `The repositories and tags whose events it gets: ${scopeSyntax.replace('must be ', '')}.`,
    example: 'team/**',
  });

const excludesSchema = z
  .array(
    z
      .string()
      .max(400)
      .refine(
        (text) => parseExclude(text) !== undefined,
        'must be REPOSITORY (all of it), REPOSITORY:TAG, or a pattern with * in either',
      ),
  )
  .max(maxExcludes)
  .openapi({
    description: 'The part of the scope whose events it does not get. A repository without a tag means all of it.',
    example: ['team/scratch', 'team/**:dev-*'],
  });

const headersSchema = z.record(z.string(), z.string()).openapi({
  description:
    'The headers of every delivery, whose values are never shown again. A value of ****** keeps the present one.',
  example: { authorization: 'Basic dXNlcjpwYXNzd29yZA==' },
});

const fields = {
  serviceUri: z
    .string('must be set: the URL that events are posted to')
    .openapi({ description: 'The URL to which events are posted.', example: 'https://ci.example.com/hooks/registry' }),
  customHeaders: headersSchema,
  actions: actionsSchema,
  scope: scopeSchema,
  excludes: excludesSchema,
  status: z.enum(['enabled', 'disabled']).openapi({ description: 'The status; a disabled webhook gets no events.' }),
  format: z.enum(formats).openapi({
    description:
      "The format of the body. acr: ACR's own body; standard: Standard Webhooks (type, timestamp, " +
      'data); cloudevents: CloudEvents 1.0, structured.',
  }),
  retrySeconds: z
    .array(z.number().min(1).max(longestWait))
    .min(1)
    .max(50)
    .openapi({
      description:
        'The waits between attempts, the last one repeated; absent: 5 s, 30 s, 2 m, 10 m, 30 m, then every hour.',
      example: [5, 30, 120],
    }),
  giveUpSeconds: z.int().min(1).max(longestWait).openapi({
    description: 'The time after the event at which its delivery expires; absent, a day.',
    example: 86_400,
  }),
};

/**
 * The properties of a webhook that are only read. They may stand in a request, so that a webhook can be read, edited
 * and sent back.
 */
const readOnly = Object.fromEntries(
  ['name', 'secrets', 'disabledBecause', 'failingSince', 'createdAt', 'updatedAt'].map((name) => [
    name,
    z.unknown().optional().openapi({ description: 'This property is read-only: in a request it is ignored.' }),
  ]),
);

const contentSchema = z.object({
  ...fields,
  customHeaders: fields.customHeaders.optional(),
  scope: fields.scope.default(''),
  excludes: fields.excludes.default([]),
  status: fields.status.default('enabled'),
  format: fields.format.default('acr'),
  retrySeconds: fields.retrySeconds.optional(),
  giveUpSeconds: fields.giveUpSeconds.optional(),
});
export const putSchema = z
  .strictObject({ ...readOnly, ...contentSchema.shape, secret: secretTextSchema.optional() })
  .openapi('WebhookContent', { description: 'The properties of a webhook.' });
type HookContent = z.output<typeof contentSchema>;
export type PutHook = HookContent & { readonly secret?: string | undefined };

/** The schema of a change, in which `null` removes an optional property. */
const changeSchema = z.object({
  ...z.object(fields).partial().shape,
  retrySeconds: fields.retrySeconds.nullish(),
  giveUpSeconds: fields.giveUpSeconds.nullish(),
});
export const patchSchema = z.strictObject({ ...readOnly, ...changeSchema.shape }).openapi('WebhookChange', {
  description: 'The changes of a webhook; absent properties stay as they are.',
});
export type HookPatch = z.output<typeof changeSchema>;
