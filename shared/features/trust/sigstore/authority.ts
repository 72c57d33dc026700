import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { globMatcher, patternSyntax } from '../../../core/rules/pattern.ts';
import { readPublicKey } from './keys.ts';
import { ExpressionFault, linearExpression } from './linear-expression.ts';

/** The name of sigstore's own instance, which everybody may use. */
const publicGood = 'public-good';

const authorityName = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,49}$/,
    'must be 1 to 50 letters, digits, dots, dashes and underscores, and begin with a letter or digit',
  )
  .describe('The name by which reasons and verdicts speak of this authority.');

const trustedRootName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,49}$/, `must be ${publicGood} or the name of a trusted root's document`);

const publicKey = z
  .string()
  .max(4_096)
  .superRefine((pem, context) => {
    const read = readPublicKey(pem);
    if ('fault' in read) context.addIssue({ code: 'custom', message: read.fault });
  })
  .describe('A public key in PEM: EC on P-256, P-384 or P-521, RSA of 2048 to 8192 bits, or Ed25519.');

/** Trusts whatever one of these keys has signed. */
export const sigstoreKeySchema = z
  .strictObject({
    name: authorityName,
    keys: z.array(publicKey).min(1).max(10).describe('The public keys, any of which may have made the signature.'),
    requireLog: z
      .boolean()
      .default(false)
      .describe('Says that an entry of a transparency log must prove the signature as well.'),
    trustedRoot: trustedRootName
      .optional()
      .describe('The trusted root that has the keys of the transparency logs; needed where the log is required.'),
  })
  .refine(({ requireLog, trustedRoot }) => !requireLog || trustedRoot !== undefined, {
    message: 'is needed where requireLog is true, because it has the keys of the logs',
    path: ['trustedRoot'],
  });

/** Anything matches a text of stars: with a public authority that would trust everybody whom it certifies. */
const isNothingButStars = (pattern: string) => /^\**$/.test(pattern);

const exactOrPattern = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[ -~]*$/, 'must be printable ASCII');

const claim = exactOrPattern.optional();

/** The claims of a certificate, by the names that cosign and Fulcio have for them. */
const claimsSchema = z.strictObject({
  repository: claim.describe('The repository of a GitHub workflow, as in acme/app, or a pattern.'),
  repositoryUri: claim.describe('The URI of the source repository, as in https://github.com/acme/app, or a pattern.'),
  owner: claim.describe('The URI of the owner of the source repository, as in https://github.com/acme, or a pattern.'),
  ref: claim.describe('The git ref that was built, as in refs/heads/main or refs/tags/**, or a pattern.'),
  sha: claim.describe('The commit that was built, or a pattern.'),
  name: claim.describe('The name of the GitHub workflow, or a pattern.'),
  trigger: claim.describe('The event that started the build, as in push or release, or a pattern.'),
  signer: claim.describe('The URI of the workflow that signed, which may be a reusable one, or a pattern.'),
  config: claim.describe('The URI of the workflow at the top of the build, or a pattern.'),
  runner: claim.describe('The runner that was used: github-hosted or self-hosted, or a pattern.'),
  visibility: claim.describe(
    'The visibility of the source repository at the time: public, private or internal, or a pattern.',
  ),
  environment: claim.describe('The deployment environment that the build ran for, or a pattern.'),
});

export type ClaimName = keyof z.infer<typeof claimsSchema>;

const expression = z
  .string()
  .min(1)
  .max(500)
  .superRefine((source, context) => {
    const fault = expressionFault(source);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

function expressionFault(source: string): string | undefined {
  try {
    linearExpression(source);
    return undefined;
  } catch (error) {
    if (error instanceof ExpressionFault) return error.message;
    throw error;
  }
}

/** Trusts an identity that a certificate authority of sigstore has certified for the minutes of the signature. */
export const sigstoreIdentitySchema = z
  .strictObject({
    name: authorityName,
    issuer: z
      .url()
      .max(500)
      .describe('The issuer of the identity, exactly, as in https://token.actions.githubusercontent.com.'),
    subject: exactOrPattern
      .refine((pattern) => !isNothingButStars(pattern), 'matches every identity: say a part of it at least')
      .optional()
      .describe(`The identity, exactly, or as a pattern for the whole of it, ${patternSyntax}.`),
    subjectRegExp: expression
      .optional()
      .describe(
        'The identity as a regular expression, as cosign takes it, but always for the whole of it; ' +
          'without looking ahead or behind and without references back.',
      ),
    claims: claimsSchema
      .default({})
      .describe(`What else the certificate must say, each exactly or as a pattern, ${patternSyntax}.`),
    insecureIgnoreLog: z
      .boolean()
      .default(false)
      .describe('Says that no entry of a transparency log is needed, so that nobody can notice a stolen identity.'),
    insecureIgnoreSct: z
      .boolean()
      .default(false)
      .describe(
        'Says that the certificate need not be in a log of certificates, so that nobody can notice a wrong one.',
      ),
    trustedRoot: trustedRootName
      .default(publicGood)
      .describe(`The trusted root: ${publicGood}, or the name of a document of your own instance of sigstore.`),
  })
  .refine(({ subject, subjectRegExp }) => (subject === undefined) !== (subjectRegExp === undefined), {
    message: 'give exactly one of subject and subjectRegExp',
    path: ['subject'],
  });

export type SigstoreKey = z.infer<typeof sigstoreKeySchema>;
export type SigstoreIdentity = z.infer<typeof sigstoreIdentitySchema>;
export type SigstoreAuthority =
  ({ readonly is: 'key' } & SigstoreKey) | ({ readonly is: 'identity' } & SigstoreIdentity);

/** Returns the keys of an authority that was parsed by its schema. */
export function keysOf({ keys }: SigstoreKey): KeyObject[] {
  return keys.flatMap((pem) => {
    const read = readPublicKey(pem);
    return 'key' in read ? [read.key] : [];
  });
}

/** Returns the test of the whole subject, and how a reason names what was expected. */
export function subjectTest(authority: SigstoreIdentity): { matches: (subject: string) => boolean; expected: string } {
  const { subject, subjectRegExp } = authority;
  if (subjectRegExp !== undefined) return { matches: linearExpression(subjectRegExp), expected: subjectRegExp };
  return { matches: globMatcher(subject ?? ''), expected: subject ?? '' };
}
