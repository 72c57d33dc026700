import { z } from 'zod';
import { digestSchema } from '../oci/descriptor.ts';

/**
 * The facts of a tag's manifest that lists of tags show. The push writes them into the tag's document, so that a page of
 * tags reads no manifest.
 */
export const tagRowSchema = z.object({
  mediaType: z.string(),
  artifactType: z.string().optional(),
  /** The compressed bytes that a client pulls; for an index, the sum of its platforms. */
  bytes: z.int().nonnegative(),
  platforms: z.array(
    z.object({
      os: z.string(),
      architecture: z.string(),
      variant: z.string().optional(),
      digest: digestSchema.optional(),
      bytes: z.int().nonnegative().optional(),
    }),
  ),
  /** The number of attestations that an index lists, which are no platforms. */
  attestations: z.int().nonnegative(),
});
export type TagRow = z.infer<typeof tagRowSchema>;

/** The most platforms that a tag's document repeats. */
export const maxPlatforms = 32;

/** The places of a tag in the orders of lists. The type leads, so that one index range holds nothing else. */
export const tagPlacesShape = {
  byName: z.string().optional(),
  bySize: z.string().optional(),
};

export interface TagPlaces {
  readonly byName: string;
  readonly bySize: string;
}

/** A size has at most 16 digits: `Number.MAX_SAFE_INTEGER` has. */
const sizeDigits = 16;

/** Returns the places of a tag. One whose row is not known has no size, and stands before all that have one. */
export function tagPlaces(name: string, row: Pick<TagRow, 'bytes'> | undefined): TagPlaces {
  const natural = naturalKey(name);
  return {
    byName: `${tagPlace}${natural}`,
    bySize: `${tagPlace}${String(row?.bytes ?? 0).padStart(sizeDigits, '0')}:${natural}`,
  };
}

/** The beginning of the places of tags, and the first text behind all of them. */
export const tagPlace = 'tag:';
export const behindTagPlaces = 'tag;';

/**
 * Makes the text by whose order names are in the order in which people read them: 6.0.9 before 6.0.10. Each number is
 * led by the number of its digits, in two digits to the base of 36. Letters of both cases are one. The name itself
 * follows, behind a character that stands before all that names contain, so that no two names have one key.
 */
export function naturalKey(name: string): string {
  return `${naturalPrefix(name)}!${name}`;
}

/** Makes the beginning of the keys of all names that begin with a text, which does not end within a number. */
export function naturalPrefix(text: string): string {
  return text.toLowerCase().replaceAll(/\d+/g, (digits) => {
    const significant = digits.replace(/^0+(?=\d)/, '');
    return significant.length.toString(36).padStart(2, '0') + significant;
  });
}
