import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { Manifest } from '../../../core/oci/manifest.ts';
import { isImageConfigMediaType } from '../../../core/oci/media-types.ts';
import type { BuildPorts } from '../ports.ts';

/**
 * The largest config that is read, in bytes. Usual configs are a few KiB; an image of a thousand steps has some
 * hundred.
 */
const maxConfigBytes = 1024 * 1024;

/** The fields of image-spec, config.md, that are needed. The others are kept as they are. */
export const imageConfigSchema = z.looseObject({
  architecture: z.string().optional(),
  os: z.string().optional(),
  variant: z.string().optional(),
  created: z.string().optional(),
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
  rootfs: z.looseObject({ type: z.string().optional(), diff_ids: z.array(digestSchema) }),
  history: z.array(z.looseObject({ empty_layer: z.boolean().optional() })).nullish(),
});
export type ImageConfig = z.infer<typeof imageConfigSchema>;

/**
 * Reads the config of a manifest; `undefined` if it is not one of an image, and for a config that is invalid, too
 * large, or nested too deep.
 */
export async function readConfig(
  { images }: Pick<BuildPorts, 'images'>,
  key: RepositoryKey,
  { config }: Manifest,
): Promise<ImageConfig | undefined> {
  if (config === undefined || !isImageConfigMediaType(config.mediaType)) return undefined;
  const bytes = await images.readSmallBlob(key, config.digest, maxConfigBytes);
  return bytes === undefined ? undefined : imageConfigSchema.safeParse(jsonIn(bytes)).data;
}

/**
 * Returns the chain of the first layer, of the first two, … (image-spec, config.md, "Layer ChainID"). They identify the
 * contents of layers, however these are compressed.
 */
export function chainsOf({ rootfs }: Pick<ImageConfig, 'rootfs'>): string[] {
  let chain: Digest | string | undefined;
  return rootfs.diff_ids.map((diffId) => {
    chain = chain === undefined ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`;
    return chain;
  });
}
