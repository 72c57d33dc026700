import { z } from 'zod';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';

const restrictedName = /[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/.source;
const token = /[\w!#$%&'*+.^`|~-]+/.source;
const quotedString = /"[ !#-[\]-~]*"/.source;
const parameter = `[ \\t]*;[ \\t]*${token}=(?:${token}|${quotedString})`;

/**
 * The media types of RFC 6838 section 4.2, as image-spec's descriptor.md asks of `mediaType`, with the parameters that
 * RFC 9110 section 8.3.1 allows: `podman artifact push` sniffs a file's type, and names it `text/plain; charset=utf-8`.
 */
const mediaTypeSchema = z
  .string()
  .max(255)
  .regex(new RegExp(`^${restrictedName}/${restrictedName}(?:${parameter})*$`), 'is not a media type');

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'is not a sha256 or sha512 digest',
);

/**
 * Removes properties that are null. Writers in other languages put null for "nothing", and Go's registries read it as
 * if it were absent.
 */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.values(value).includes(null))
    return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));
}

/** A text, or null, which Go reads as the empty text where texts are expected. */
const textSchema = z
  .string()
  .nullable()
  .transform((text) => text ?? '');

export const annotationsSchema = z.record(z.string(), textSchema);

/** A platform. Image-spec requires architecture and system, and writers leave out what they do not know. */
const platformSchema = z.preprocess(
  withoutNulls,
  z.looseObject({
    architecture: z.string().optional(),
    os: z.string().optional(),
    variant: z.string().optional(),
  }),
);

/** A descriptor (image-spec, descriptor.md). Unknown properties are allowed there and kept. */
export const descriptorSchema = z.preprocess(
  withoutNulls,
  z.looseObject({
    mediaType: mediaTypeSchema,
    digest: digestSchema,
    size: z.int().nonnegative(),
    artifactType: z.string().max(255).optional(),
    annotations: annotationsSchema.optional(),
    platform: platformSchema.optional(),
    urls: z.array(textSchema).optional(),
  }),
);

export type Descriptor = z.infer<typeof descriptorSchema>;
