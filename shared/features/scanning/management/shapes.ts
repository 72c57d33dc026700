import { z } from '@hono/zod-openapi';
import { repositoryIn } from '../../../core/http/management.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { isDigest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import { isTag } from '../../../core/oci/name.ts';
import { scanCauses } from '../documents.ts';

export const scanningTag = {
  name: 'scanning',
  description: 'Manages scanners, the policies on what they find, and the exceptions from those; and shows findings.',
};

export const text = (description: string) => z.string().openapi({ description });
export const time = (description: string) => z.string().openapi({ format: 'date-time', description });
export const texts = (description: string) => z.array(z.string()).openapi({ description });

const exampleDigest = 'sha256:0b8b6a4b7d5b2a0c4f6f1e7b3a9d8c5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c';

export const digestIn = (description: string) =>
  z
    .custom<Digest>(
      (value) => typeof value === 'string' && isDigest(value),
      'is not a digest: sha256 and 64 hex digits',
    )
    .openapi({ type: 'string', description, example: exampleDigest });

export const imageShape = {
  repository: repositoryIn('The repository that holds the image.'),
  reference: z
    .custom<Tag | Digest>(
      (value) => typeof value === 'string' && (isTag(value) || isDigest(value)),
      'is neither a tag nor a digest',
    )
    .openapi({ type: 'string', description: 'The tag or the digest of the image.', example: '1.4' }),
};

/** A scan, as the API shows it. */
export const scanShown = z
  .object({
    repository: text('The repository that holds the image.'),
    digest: text('The digest of the manifest that is scanned.'),
    scanner: text('The name of the scanner.'),
    state: z
      .enum(['queued', 'running', 'ended'])
      .openapi({ description: 'The state: it waits for its turn, is under way at the scanner, or has ended.' }),
    cause: z.enum(scanCauses).openapi({
      description:
        'The reason for the scan: a push or a policy, somebody who asked, a newer database of the scanner, or the age of ' +
        'the last one.',
    }),
    queuedAt: time('The time at which it was asked for.'),
    startedAt: time('The time at which the scanner accepted it.').optional(),
    endedAt: time('The time at which it ended.').optional(),
    outcome: z
      .enum(['reported', 'failed', 'unscannable'])
      .optional()
      .openapi({ description: 'The outcome of a scan that has ended.' }),
    reason: text('The reason why it failed, or why it is tried again.').optional(),
    attempts: z.int().openapi({ description: 'The number of times that it was begun.' }),
    nextStepAt: time('The time at which the scanner is asked next.').optional(),
  })
  .openapi('Scan', { description: 'The scan of one manifest: the one under way, or the last one.' });
