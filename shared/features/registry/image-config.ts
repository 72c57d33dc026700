import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { maxAnnotationBytes } from '../../core/documents/manifest.ts';
import { parseJson } from '../../core/oci/json.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { isImageConfigMediaType } from '../../core/oci/media-types.ts';
import type { LinkedBlob } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/** The parts of an image's config that the manifest's document repeats. */
export type ImageFacts = Pick<ManifestDocument, 'platform' | 'labels' | 'labelsIn'>;

/** The bytes up to which a config is read. Real configs are a few KiB. */
const maxConfigBytes = 64 * 1024;

const platformSchema = z.object({ architecture: z.string().max(100).optional(), os: z.string().max(100).optional() });
const labelsSchema = z.object({ config: z.object({ Labels: z.record(z.string(), z.string()) }) });

/**
 * Reads the platform and the labels of an image's config (image-spec, config.md). Returns nothing for a manifest that
 * is no image.
 */
export async function readImageConfig(
  ports: Pick<RegistryPorts, 'blobs' | 'regions'>,
  { config }: Manifest,
  link: LinkedBlob | undefined,
): Promise<ImageFacts> {
  if (config === undefined || !isImageConfigMediaType(config.mediaType)) return {};
  if (link === undefined || link.size > maxConfigBytes) return { labelsIn: 'config' };
  const stream = await (
    link.region === ports.regions.here ? ports.blobs : ports.regions.blobsIn(link.region)
  )?.readBlob(link.name);
  return stream === undefined ? { labelsIn: 'config' } : factsIn(await new Response(stream).text());
}

function factsIn(text: string): ImageFacts {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    // The registry accepts any bytes as a config, also ones that are no JSON or nested too deep.
    return { labels: {} };
  }
  return { ...platformIn(json), ...labelsIn(json) };
}

function platformIn(json: unknown): Pick<ImageFacts, 'platform'> {
  const parsed = platformSchema.safeParse(json);
  if (!parsed.success) return {};
  const { architecture, os } = parsed.data;
  return { platform: defined({ architecture, os }) };
}

function labelsIn(json: unknown): Pick<ImageFacts, 'labels' | 'labelsIn'> {
  const labels = labelsSchema.safeParse(json).data?.config.Labels ?? {};
  return Buffer.byteLength(JSON.stringify(labels)) <= maxAnnotationBytes ? { labels } : { labelsIn: 'config' };
}
