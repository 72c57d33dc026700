import { z } from '@hono/zod-openapi';

/** The parts of views that several of them show. */

export const viewsTag = {
  name: 'views',
  description: 'Shows what pages need in one call each, sorted, searched and counted by the registry.',
};

export const bytes = (description: string) => z.int().nonnegative().openapi({ description });
export const count = (description: string) => z.int().nonnegative().openapi({ description });
export const time = (description: string) => z.string().openapi({ format: 'date-time', description });
export const text = (description: string) => z.string().openapi({ description });

export const orderQuery = z
  .enum(['asc', 'desc'])
  .optional()
  .openapi({ description: 'The direction of the order; absent, names rise, and times and sizes fall.' });

export const platformSchema = z
  .object({
    os: text('The operating system, as in linux.'),
    architecture: text('The architecture of the processor, as in amd64.'),
    variant: text('The variant of the architecture, as in v8.').optional(),
    digest: text('The digest of the image for this platform, if an index lists it.').optional(),
    bytes: bytes('The bytes of the image for this platform, compressed as a client pulls them.').optional(),
  })
  .openapi('ViewPlatform', { description: 'A platform that an image runs on.' });
