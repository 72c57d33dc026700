import { z } from '@hono/zod-openapi';
import { repositoryIn } from '../../core/http/management.ts';
import { bytes, digest, referenceParameter, text, time } from './wire.ts';

const comparedText = (description: string, example: string) =>
  z.string().min(1).max(500).openapi({ description, example });

export const compareQuery = z.object({
  from: comparedText('The image to compare with, as repository:tag or repository@digest.', 'team/app:1'),
  to: comparedText('The image that is compared, as repository:tag or repository@digest.', 'team/app:2'),
  platform: z
    .string()
    .max(200)
    .regex(/^[^/\s]+\/[^/\s]+(?:\/[^/\s]+)?$/, 'must be os/architecture, with /variant where there is one')
    .optional()
    .openapi({ description: 'The platform of two indexes to compare.', example: 'linux/amd64' }),
});

const sideSchema = z
  .object({
    repository: text('The repository that holds the image.'),
    reference: text('The tag or digest of the request.'),
    digest: digest('The digest of the manifest of the reference.'),
    manifest: digest('The digest of the manifest that is compared: of an index, that of the platform.'),
    mediaType: text('The media type of the manifest that is compared.'),
  })
  .openapi('ComparedImage', { description: 'One side of a comparison.' });

const layerSchema = z
  .object({
    digest: digest('The digest of the compressed layer.'),
    bytes: bytes('The bytes of the layer, compressed.'),
    instruction: text('The instruction that made it.').optional(),
  })
  .openapi('ComparedLayer', { description: 'A layer that one of two images has.' });

const changeSchema = z
  .object({
    property: text('The property of the config, such as env.PATH or labels.version.'),
    from: text('The value in the first image.').optional(),
    to: text('The value in the second image.').optional(),
    change: z.enum(['added', 'removed', 'changed']).openapi({ description: 'The kind of the change.' }),
  })
  .openapi('ConfigChange', { description: 'A difference between two configs.' });

export const comparisonSchema = z
  .object({
    from: sideSchema,
    to: sideSchema,
    platform: text('The platform that is compared, where an index is one side.').optional(),
    platforms: z
      .array(z.string())
      .openapi({ description: 'The platforms that both sides have, where both are indexes.' })
      .optional(),
    config: z.array(changeSchema).openapi({ description: 'What differs in the configs.' }),
    configProblem: text('Why the configs could not be compared; absent if they were.').optional(),
    layers: z
      .object({
        common: z.array(digest('The digest of a common layer.')).openapi({
          description: 'The layers of the second image that the first has too, by the same compressed bytes.',
        }),
        same: z
          .array(
            z.object({
              from: digest('The digest of the layer in the first image.'),
              to: digest('The digest of the layer in the second image.'),
            }),
          )
          .openapi({ description: 'The layers with the same content that are compressed differently.' })
          .optional(),
        added: z.array(layerSchema).openapi({ description: 'The layers that the second image has alone.' }),
        removed: z.array(layerSchema).openapi({ description: 'The layers that the first image has alone.' }),
      })
      .openapi('ComparedLayers', { description: 'The layers of two images.' }),
    bytes: z
      .object({
        common: bytes('The bytes that both images need.'),
        toPull: bytes('The bytes to pull for who has the first image and wants the second.'),
        from: bytes('The bytes of the first image, compressed.'),
        to: bytes('The bytes of the second image, compressed.'),
      })
      .openapi('ComparedBytes', { description: 'The bytes of layers and config, each digest counted once.' }),
    more: z.boolean().openapi({ description: 'True if a list is cut, because it is too long.' }).optional(),
  })
  .openapi('ImageComparison', { description: 'How one image differs from another.' });

export const deletionQuery = z.object({
  repository: repositoryIn('The repository that holds the image.'),
  reference: referenceParameter,
});

export const deletionSchema = z
  .object({
    repository: text('The repository that holds the image.'),
    reference: text('The tag or digest of the request.'),
    digest: digest('The digest of the manifest.'),
    goes: z
      .object({
        tags: z.array(z.string()).openapi({ description: 'The tags that would be deleted.' }),
        manifests: z
          .array(
            z.object({
              digest: digest('The digest of the manifest.'),
              why: z
                .enum(['itself', 'child', 'referrer', 'tag-signature'])
                .openapi({ description: 'The reason why it would be deleted.' }),
            }),
          )
          .openapi({ description: 'The manifests that would be deleted, the named one first.' }),
        more: z.boolean().openapi({ description: 'True if more goes than is listed.' }).optional(),
      })
      .openapi('DeletionGoes', { description: 'What would go into the recycle bin.' }),
    stays: z
      .array(
        z.object({
          digest: digest('The digest of the manifest.'),
          why: z
            .enum(['tag', 'index', 'subject', 'locked', 'tag-alone'])
            .openapi({ description: 'What keeps it; tag-alone: a tag is deleted, and its manifest is not.' }),
        }),
      )
      .openapi({ description: 'The manifests around it that would stay.' }),
    bytes: z
      .object({
        freed: bytes('The bytes in Blob Storage that are freed in the end.'),
        shared: bytes('The bytes that something else needs too, and that stay.'),
        isAtLeast: z
          .literal(true)
          .openapi({ description: 'True if more goes than was measured, so that more is freed.' })
          .optional(),
      })
      .openapi('DeletionBytes', { description: 'The bytes of what would go.' }),
    purgedAt: time(
      'The time up to which it can be restored, if it is deleted now; absent without soft delete.',
    ).optional(),
    freedAt: time('The earliest time at which the bytes are freed, if it is deleted now.').optional(),
    blockedBy: z
      .array(
        z.object({
          what: text('The thing that is locked.'),
          why: text('The attribute that forbids it, and what to do.'),
        }),
      )
      .openapi({ description: 'What refuses the deletion; absent if nothing does.' })
      .optional(),
  })
  .openapi('DeletionPreview', { description: 'What goes, what stays and what is freed if an image is deleted.' });
