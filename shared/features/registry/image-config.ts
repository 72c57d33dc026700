import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { maxAnnotationBytes } from '../../core/documents/manifest.ts';
import { parseJson } from '../../core/oci/json.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { isImageConfigMediaType } from '../../core/oci/media-types.ts';
import type { LinkedBlob } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/** What a manifest's document repeats of an image's config. */
export type ImageFacts = Pick<ManifestDocument, 'platform' | 'labels' | 'labelsIn'>;

/** Real configs are a few KiB. What is larger is not read for a few words of it. In bytes. */
const maxConfigBytes = 64 * 1024;

const platformSchema = z.object({ architecture: z.string().max(100).optional(), os: z.string().max(100).optional() });
const labelsSchema = z.object({ config: z.object({ Labels: z.record(z.string(), z.string()) }) });

/**
 * What an image's config says that it runs on, and its labels (image-spec, config.md). Nothing for what is no image.
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
    // The registry takes any bytes as a config: that these are no JSON, or nested too deep, is their pusher's affair.
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
