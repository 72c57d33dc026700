import { createRoute, z } from '@hono/zod-openapi';
import { verdictParts } from '../../core/documents/verdict.ts';
import { absent, body, conflicting, json, pageOf, pageSchema, repositoryIn } from '../../core/http/management.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import { isTag } from '../../core/oci/name.ts';
import { maxReleaseHours } from './release.ts';

export const verdictsTag = {
  name: 'verdicts',
  description: 'Shows which images are held, and why; and releases them.',
};

const text = (description: string) => z.string().openapi({ description });
const time = (description: string) => z.string().openapi({ format: 'date-time', description });
const texts = (description: string) => z.array(z.string()).openapi({ description });
const exampleDigest = 'sha256:0b8b6a4b7d5b2a0c4f6f1e7b3a9d8c5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c';

const digestIn = (description: string) =>
  z
    .custom<Digest>(
      (value) => typeof value === 'string' && isDigest(value),
      'is not a digest: sha256 and 64 hex digits',
    )
    .openapi({ type: 'string', description, example: exampleDigest });

const imageQuery = z.object({
  repository: repositoryIn('The repository that holds the image.'),
  reference: z
    .custom<Tag | Digest>(
      (value) => typeof value === 'string' && (isTag(value) || isDigest(value)),
      'is neither a tag nor a digest',
    )
    .openapi({ type: 'string', description: 'The tag or the digest of the image.', example: '1.4' }),
});

const digestQuery = z.object({
  repository: repositoryIn('The repository that holds the image.'),
  digest: digestIn('The digest of the manifest: a tag may move.'),
});

const judgementSchema = z
  .object({
    part: z.enum(verdictParts).openapi({ description: 'The kind of the judgement.' }),
    state: z
      .enum(['pending', 'passed', 'failed'])
      .openapi({ description: 'The state: pending holds as failed does, until something is proven.' }),
    mode: z.enum(['audit', 'enforce']).openapi({ description: 'The strictest mode of the policies that it fails.' }),
    policies: texts('The names of the policies that cover it.'),
    reasons: texts('The reasons, whole sentences, the most important first.'),
    evidence: texts('The signatures, signers and reports that it rests on.'),
    signed: z
      .boolean()
      .optional()
      .openapi({ description: 'True if it passed by a signature that counts, of somebody who is trusted.' }),
    at: time('The time of the judgement.'),
    passedAt: time('The time at which it passed last.').optional(),
    graceUntil: time('The time until which it is open although it does not pass.').optional(),
    waitingSince: time('The time since which it waits for somebody to pass it.').optional(),
    timedOutAt: time('The time at which it had waited for longer than its policies allow.').optional(),
    dueAt: time('The time at which it is judged again by itself.').optional(),
    isCurrent: z.boolean().openapi({ description: 'False while it is being judged anew by changed policies.' }),
  })
  .openapi('Judgement', { description: 'The judgement of one kind.' });

const releaseSchema = z
  .object({
    by: text('The actor that has released it.'),
    reason: text('The reason that was given.'),
    at: time('The time of the release.'),
    until: time('The time at which its judgements count again.'),
  })
  .openapi('Release', { description: 'A release by hand.' });

const verdictShape = {
  repository: text('The repository that holds it.'),
  digest: text('The digest of the manifest.'),
  held: z.boolean().openapi({ description: 'True if those who may only pull are refused.' }),
  judgements: z.array(judgementSchema).openapi({ description: 'The judgements; none where nothing covers it.' }),
  release: releaseSchema.optional(),
};

const walkSchema = z
  .object({
    beganAt: time('The time of the change of policies.'),
    judged: z.int().openapi({ description: 'The manifests that are judged so far.' }),
    repository: text('The repository that it has reached.').optional(),
  })
  .openapi('VerdictWalk', { description: 'The walk over all manifests that a change of policies begins.' });

const lastWalkSchema = z
  .object({
    isUnderWay: z.boolean().openapi({ description: 'True while manifests are being judged by changed policies.' }),
    beganAt: time('The time of the change of policies; absent if there never was one.').optional(),
    endedAt: time('The time at which all were judged; absent while it is under way.').optional(),
    judged: z.int().openapi({ description: 'The manifests that are judged so far.' }),
    repository: text('The repository that it has reached.').optional(),
  })
  .openapi('LastVerdictWalk', { description: 'The last walk over all manifests, under way or ended.' });

const verdictSchema = z
  .object({
    ...verdictShape,
    reference: text('The tag or digest of the request.'),
    explanation: text('The verdict in one sentence, with the next step.'),
    serves: text('The digest that those who may only pull get by this tag until the image passes.').optional(),
    covering: z
      .array(
        z.object({
          part: z.enum(verdictParts).openapi({ description: 'The kind of the policy.' }),
          name: text('The name of the policy.'),
          mode: z.enum(['audit', 'enforce']).openapi({ description: 'The mode of the policy.' }),
        }),
      )
      .openapi({ description: 'The policies that cover the repository now.' }),
    walk: walkSchema.optional().openapi({ description: 'The walk that is under way; absent where none is.' }),
  })
  .openapi('ImageVerdict', { description: 'The verdict on an image, and the reasons.' });

const heldSchema = z
  .object(verdictShape)
  .openapi('HeldImage', { description: 'An image that is held, with its judgements.' });

const envelopeSchema = z
  .object({
    payloadType: text('The type of the payload: application/vnd.in-toto+json.'),
    payload: text('The statement in JSON, in base64.'),
    signatures: z
      .array(
        z.object({
          keyid: text('The SHA-256 of the public key in DER, in hex.'),
          sig: text('The signature (ECDSA with SHA-256, in DER) in base64.'),
        }),
      )
      .openapi({ description: 'The signature of this registry.' }),
  })
  .openapi('StatementEnvelope', { description: 'A signed statement, in an envelope of DSSE.' });

const statementKeySchema = z
  .object({
    id: text('The SHA-256 of the public key in DER, in hex.'),
    publicKey: text('The public key in PEM, as cosign takes it.'),
    createdAt: time('The time at which it was made.'),
  })
  .openapi('StatementKey', { description: 'The public key by which statements are verified.' });

export const routes = {
  statement: createRoute({
    method: 'get',
    path: '/images/verdict/statement',
    operationId: 'getImageVerdictStatement',
    summary: 'Gets the verdict on an image as a signed statement',
    description:
      'Gets what is proven of an image as a Simple Verification Result of in-toto (svr/v0.1), signed by the registry. ' +
      'Its properties are LONGSHORE_TRUST_PASSED, LONGSHORE_SCAN_PASSED, LONGSHORE_QUARANTINE_PASSED, LONGSHORE_SIGNED ' +
      'and LONGSHORE_NOT_HELD, each as far as it is true.',
    request: { query: imageQuery },
    responses: {
      ...absent('manifestNotFound'),
      200: json('The signed statement.', envelopeSchema),
    },
  }),
  statementKey: createRoute({
    method: 'get',
    path: '/verdicts/statement-key',
    operationId: 'getStatementKey',
    summary: 'Gets the public key of statements',
    description: 'Gets the public key by which the statements of this registry are verified; the first call makes it.',
    responses: { 200: json('The public key.', statementKeySchema) },
  }),
  verdict: createRoute({
    method: 'get',
    path: '/images/verdict',
    operationId: 'getImageVerdict',
    summary: 'Explains the verdict on an image',
    description: 'Says whether an image is held, by which policies, for which reasons, and what can be done.',
    request: { query: imageQuery },
    responses: { ...absent('manifestNotFound'), 200: json('The verdict and its reasons.', verdictSchema) },
  }),
  walk: createRoute({
    method: 'get',
    path: '/verdicts/walk',
    operationId: 'getVerdictWalk',
    summary: 'Shows how far the judging is',
    description:
      'Shows the walk over all manifests that a change of policies begins: each is as open or as held as it was until ' +
      'the walk has judged it.',
    responses: { 200: json('The last walk, or that there never was one.', lastWalkSchema) },
  }),
  held: createRoute({
    method: 'get',
    path: '/verdicts/held',
    operationId: 'listHeldImages',
    summary: 'Lists the held images',
    description: 'Lists the images of the registry that are held, in no order.',
    request: { query: pageSchema },
    responses: {
      200: json(
        'A page of held images.',
        pageOf(heldSchema, 'The held images.').openapi('HeldImages', { description: 'A page of held images.' }),
      ),
    },
  }),
  release: createRoute({
    method: 'post',
    path: '/images/release',
    operationId: 'releaseImage',
    summary: 'Releases a held image',
    description:
      'Opens a held image for some hours, whatever its judgements say. The reason and the actor are kept, and told by ' +
      'an event. It takes the right to change anything, or quarantine/write of the repository.',
    request: {
      query: digestQuery,
      ...body(
        z
          .strictObject({
            reason: z.string().trim().min(3).max(500).openapi({ description: 'The reason, for those who ask later.' }),
            hours: z
              .int()
              .min(1)
              .max(maxReleaseHours)
              .default(24)
              .openapi({ description: 'The hours after which its judgements count again.' }),
          })
          .openapi('ImageRelease', { description: 'A release by hand.' }),
      ),
    },
    responses: {
      ...absent('manifestNotFound'),
      ...conflicting('imageNotHeld'),
      200: json('The image is released.', heldSchema),
    },
  }),
  endRelease: createRoute({
    method: 'delete',
    path: '/images/release',
    operationId: 'endImageRelease',
    summary: 'Ends the release of an image',
    description: 'Ends a release by hand before its time. It takes the right that the release takes.',
    request: { query: digestQuery },
    responses: {
      ...absent('manifestNotFound'),
      ...conflicting('imageNotReleased'),
      200: json('The judgements count again.', heldSchema),
    },
  }),
};
