import { z } from 'zod';
import { coveringShape, VerdictPolicies } from '../../core/verdicts/policies.ts';
import { notationAuthoritySchema } from './notation/authority.ts';
import { mostRules, ruleSchema } from './rules.ts';
import { sigstoreIdentitySchema, sigstoreKeySchema } from './sigstore/authority.ts';

const mostAuthorities = 20;

/**
 * The settings of a trust policy. Its authorities are alternatives: one of them is enough; of several policies that
 * cover an image, each must be met.
 */
export const trustSettingsSchema = z.strictObject({
  ...coveringShape,
  sigstoreKeys: z
    .array(sigstoreKeySchema)
    .max(mostAuthorities)
    .default([])
    .describe('The keys whose signatures by cosign count.'),
  sigstoreIdentities: z
    .array(sigstoreIdentitySchema)
    .max(mostAuthorities)
    .default([])
    .describe('The identities whose keyless signatures by cosign count.'),
  notation: z
    .array(notationAuthoritySchema)
    .max(mostAuthorities)
    .default([])
    .describe('The certificates and subjects whose signatures by Notation count.'),
  attestation: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      'The predicate type of the attestation that must be signed, as in https://slsa.dev/provenance/v1; absent, a ' +
        'plain signature counts, and no attestation does. Only authorities of sigstore sign attestations.',
    ),
  rules: z
    .array(ruleSchema)
    .max(mostRules)
    .default([])
    .describe('The rules on the content of that attestation, all of which it must meet; without it none can be met.'),
  subject: z
    .enum(['index-or-child', 'itself'])
    .default('index-or-child')
    .describe(
      'The manifest that must be signed. index-or-child: a signature of an index counts for all that it lists; itself: ' +
        'each platform must be signed too.',
    ),
});
export type TrustSettings = z.infer<typeof trustSettingsSchema>;

export const trustPolicies = new VerdictPolicies('trust', trustSettingsSchema);
