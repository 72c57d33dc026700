import { createRoute, z } from '@hono/zod-openapi';
import { body, conflicting, json } from '../../../core/http/management.ts';
import { storeTypes } from '../notation/authority.ts';
import { trustSettingsSchema } from '../policy.ts';

const pems = z.array(z.string().max(64 * 1024)).max(50);
const storesSchema = (type: string) =>
  z
    .record(z.string().max(100), pems)
    .optional()
    .openapi({ description: `The stores of the type ${type}: certificates in PEM by the name of their store.` });

const notationSchema = z
  .strictObject({
    trustPolicy: z.record(z.string().max(200), z.unknown()).openapi({
      description: "The content of Notary Project's trustpolicy.oci.json or trustpolicy.json.",
    }),
    trustStores: z
      .strictObject({
        ca: storesSchema(storeTypes[0]),
        signingAuthority: storesSchema(storeTypes[1]),
        tsa: storesSchema(storeTypes[2]),
      })
      .default({})
      .openapi({ description: 'The trust stores that the policy names.' }),
  })
  .openapi('NotationImport', { description: 'A trust policy of Notary Project with its trust stores.' });

const importSchema = z
  .strictObject({
    notation: notationSchema.optional().openapi({ description: 'A trust policy of Notary Project with its stores.' }),
    clusterImagePolicy: z.record(z.string().max(200), z.unknown()).optional().openapi({
      description: "A ClusterImagePolicy of sigstore's policy-controller, in JSON as kubectl -o json prints it.",
    }),
    hosts: z.array(z.string().min(1).max(260)).max(20).default([]).openapi({
      description: 'Further names of this registry in the document; the host of the request is one anyway.',
    }),
    otherRegistries: z.enum(['refuse', 'leave-out']).default('refuse').openapi({
      description: 'The effect of a part that is about another registry: the import is refused, or the part left out.',
    }),
    mode: z.enum(['off', 'audit', 'enforce']).optional().openapi({
      description: 'The mode of all policies; absent, that of the document, which is enforce unless it only warns.',
    }),
    replace: z.boolean().default(false).openapi({
      description: 'True if policies of the same names are replaced; otherwise they refuse the import.',
    }),
    preview: z.boolean().default(false).openapi({ description: 'True if nothing is stored, to see what would be.' }),
  })
  .refine(({ notation, clusterImagePolicy }) => (notation === undefined) !== (clusterImagePolicy === undefined), {
    message: 'give exactly one of notation and clusterImagePolicy',
    path: ['notation'],
  })
  .openapi('TrustPolicyImport', { description: 'A policy of another tool, to become trust policies.' });

const importedSchema = z
  .object({
    policies: z
      .array(
        z
          .object({
            name: z.string().openapi({ description: 'The name of the trust policy.' }),
            ...trustSettingsSchema.shape,
          })
          .openapi('ImportedTrustPolicy', { description: 'A trust policy that an import makes.' }),
      )
      .openapi({ description: 'The policies that were stored, or would be.' }),
    notes: z.array(z.string()).openapi({ description: 'The parts that became stricter, or are of no concern here.' }),
  })
  .openapi('ImportedTrustPolicies', { description: 'The outcome of an import.' });

export const importRoute = createRoute({
  method: 'post',
  path: '/trust/policies/import',
  operationId: 'importTrustPolicies',
  summary: 'Imports the policy of another tool',
  description:
    "Makes trust policies of Notary Project's trust policy, or of a ClusterImagePolicy of sigstore's policy-controller. " +
    'They are never weaker than their source: what cannot be carried over refuses the import by its name.',
  request: body(importSchema),
  responses: {
    ...conflicting('trustPolicyNotImportable', 'trustPolicyExists', 'tooManyPolicies'),
    200: json('The policies as they are stored, or would be.', importedSchema),
  },
});

export type ImportRequest = z.infer<typeof importSchema>;
