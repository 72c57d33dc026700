import { z } from 'zod';
import type { Manifest } from '../oci/manifest.ts';
import type { ManifestDocument } from '../state/manifest.ts';
import type { LinkedBlob } from './links.ts';
import type { RegistryPorts } from './ports.ts';

const imageConfigs: readonly string[] = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];

/** Real configs are a few KiB. What is larger is not read for two words of it. In bytes. */
const maxConfigBytes = 64 * 1024;

const configSchema = z.object({ architecture: z.string().max(100).optional(), os: z.string().max(100).optional() });

/** What an image's config says that it runs on (image-spec, config.md). `undefined` for what is no image, or has a config that does not say. */
export async function imagePlatform(ports: Pick<RegistryPorts, 'blobs'>, { config }: Manifest, link: LinkedBlob | undefined): Promise<ManifestDocument['platform']> {
  if (config === undefined || link === undefined || !imageConfigs.includes(config.mediaType) || link.size > maxConfigBytes) return undefined;
  const stream = await ports.blobs.readBlob(link.name);
  // Another region's bytes: the platform is a service to lists, not worth a way around the world.
  return stream === undefined ? undefined : platformIn(await new Response(stream).text());
}

function platformIn(text: string): ManifestDocument['platform'] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The registry takes any bytes as a config: that these are no JSON is their pusher's affair.
    return undefined;
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { architecture, os } = parsed.data;
  return { ...(architecture === undefined ? {} : { architecture }), ...(os === undefined ? {} : { os }) };
}
