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
    .openapi({ example: 'cluster-west', description: 'The name of the source: a cluster or a deployment tool.' }),
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
        description:
          'The seconds that the images are kept after this request: a few times the interval at which the ' +
          'source repeats it.',
      }),
  })
  .openapi('InUsePins', { description: 'The images that a source uses, and how long they are kept.' });
export const inUse = z
  .object({
    source: text('The name of the source.'),
    digests: number('The number of images that it names.'),
    expiresAt: dateTime('The time until which no policy removes the images.'),
    updatedAt: dateTime("The time of the source's last request."),
  })
  .openapi('InUse', { description: 'A source that names images that are in use.' });
export const inUseWhole = inUse
  .extend({ pinned: z.array(z.string()).openapi({ description: 'The digests of the images.' }) })
  .openapi('InUseWithPins', { description: 'A source that names images that are in use, with the images.' });
export const inUseList = pageOf(inUse, 'The sources in the order of their names.').openapi('InUseSources', {
  description: 'A page of the sources that name images in use.',
});
