import { z } from 'zod';

const text = z.string().max(2_000);
const log = z.strictObject({ url: text.optional(), trustRootRef: text.optional() });

const identitySchema = z.strictObject({
  issuer: text.optional(),
  subject: text.optional(),
  issuerRegExp: text.optional(),
  subjectRegExp: text.optional(),
});

/**
 * An authority of a `ClusterImagePolicy`. Parts of which is known that they cannot be carried over are there, so that
 * the fault can say why; others are unknown properties.
 */
export const authoritySchema = z.strictObject({
  name: z.string().max(253).optional(),
  key: z
    .strictObject({
      data: z
        .string()
        .max(64 * 1024)
        .optional(),
      secretRef: z.unknown().optional(),
      kms: z.unknown().optional(),
      hashAlgorithm: text.optional(),
    })
    .optional(),
  keyless: z
    .strictObject({
      url: text.optional(),
      identities: z.array(identitySchema).max(20).default([]),
      'ca-cert': z.unknown().optional(),
      trustRootRef: text.optional(),
      insecureIgnoreSCT: z.boolean().optional(),
    })
    .optional(),
  static: z.strictObject({ action: z.enum(['pass', 'fail']), message: text.optional() }).optional(),
  source: z.array(z.unknown()).max(20).default([]),
  ctlog: log.optional(),
  attestations: z
    .array(z.strictObject({ name: text.default(''), predicateType: text, policy: z.unknown().optional() }))
    .max(20)
    .default([]),
  rfc3161timestamp: z.unknown().optional(),
  signatureFormat: z.enum(['legacy', 'bundle', '']).optional(),
});

export type ClusterAuthority = z.infer<typeof authoritySchema>;
export type ClusterIdentity = z.infer<typeof identitySchema>;
