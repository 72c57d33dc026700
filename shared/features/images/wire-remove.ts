import { z } from '@hono/zod-openapi';
import { configQuery, digest, imageQuery, text, time } from './wire.ts';

export const removalQuery = imageQuery.extend({
  digest: configQuery.shape.digest.optional().openapi({
    description:
      'The digest that the tag pointed at when somebody saw what its deletion takes. If it has moved since, nothing is deleted.',
  }),
});

export const removalSchema = z
  .object({
    repository: text('The repository that held it.'),
    reference: text('The tag or digest of the request.'),
    digest: digest('The digest of the manifest that was deleted, or that the tag pointed at.'),
    group: text(
      'The id of the deletion, by which the recycle bin restores all of it; absent without soft delete.',
    ).optional(),
    purgedAt: time('The time up to which it can be restored; absent without soft delete.').optional(),
  })
  .openapi('DeletedImage', { description: 'What was deleted, and how it is restored.' });
