import { z } from '@hono/zod-openapi';
import { isInUseSource } from '../../../core/documents/in-use-source.ts';
import { pageOf } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { dateTime, number, text } from './shapes.ts';

const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}`, description: 'The digest of a manifest.' });
export const source = z.object({
  source: z
    .string()
    .refine(isInUseSource, 'must be 1 to 100 letters, digits, dots, dashes and underscores')
    .openapi({ example: 'cluster-west', description: 'Who says it: a cluster or a deployment tool.' }),
});

const digestsAtMost = 10_000;
export const pinsSchema = z
  .object({
    digests: z
      .array(digest)
      .max(digestsAtMost)
      .openapi({ description: 'The digests of the manifests that are in use.' }),
    ttlSeconds: z
      .int()
      .min(60)
      .max(90 * 24 * 3600)
      .openapi({
        example: 7_200,
        description: 'How long they are kept if nobody says it again: a few times the interval of who says it.',
      }),
  })
  .openapi('InUsePins', { description: 'Which images somebody uses, and how long that is good.' });
export const inUse = z
  .object({
    source: text('Who says it.'),
    digests: number('How many images it names.'),
    expiresAt: dateTime('Until when that is good.'),
    updatedAt: dateTime('When it was said last.'),
  })
  .openapi('InUse', { description: 'Who says that images are in use.' });
export const inUseWhole = inUse
  .extend({ pinned: z.array(z.string()).openapi({ description: 'The digests of the images.' }) })
  .openapi('InUseWithPins', { description: 'Who says that images are in use, with the images.' });
export const inUseList = pageOf(inUse, 'Who says it, in the order of their names.').openapi('InUseSources', {
  description: 'A page of those who say that images are in use.',
});
