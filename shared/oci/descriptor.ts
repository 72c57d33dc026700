import { z } from 'zod';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';

/** RFC 6838 section 4.2, as image-spec's descriptor.md asks of `mediaType`. */
export const mediaTypeSchema = z.string().max(255).regex(/^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/, 'is not a media type');

export const digestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a sha256 or sha512 digest');

export const annotationsSchema = z.record(z.string(), z.string());

export const platformSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

/** Image-spec, descriptor.md. Unknown properties are allowed there and kept. */
export const descriptorSchema = z.looseObject({
  mediaType: mediaTypeSchema,
  digest: digestSchema,
  size: z.int().nonnegative(),
  artifactType: z.string().max(255).optional(),
  annotations: annotationsSchema.optional(),
  platform: platformSchema.optional(),
  urls: z.array(z.string()).optional(),
});

export type Descriptor = z.infer<typeof descriptorSchema>;
