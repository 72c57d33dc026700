import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { TestImage } from '../shared/image.ts';

async function tarOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, Buffer.from(content));
  tar.finalize();
  return buffer(tar);
}

/** A folder with a Dockerfile, as a task takes it. */
export async function contextOf(dockerfile: string): Promise<Buffer> {
  return gzipSync(await tarOf({ Dockerfile: dockerfile }));
}

function imageOf(layers: readonly Buffer[], annotations: Readonly<Record<string, string>> = {}): TestImage {
  const digests = layers.map((layer) => digestOf(layer));
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: digests },
      history: layers.map((_, at) => ({ created_by: `COPY layer ${at} /` })),
    }),
  );
  const described = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: described('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => described('application/vnd.oci.image.layer.v1.tar', layer)),
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, config, layers };
}

/** A base in which programs run. Every version has a layer of its own. */
export async function baseOf(version: string): Promise<TestImage> {
  return imageOf([
    await tarOf({ 'bin/busybox': await readFile('/bin/busybox') }),
    await tarOf({ 'base.txt': `version ${version}` }),
  ]);
}

/** An image on a base, which it names as a builder does. */
export async function imageOn(base: TestImage, name: string): Promise<TestImage> {
  const own = await tarOf({ 'app.txt': 'the app' });
  return imageOf([...base.layers.map((layer) => Buffer.from(layer)), own], {
    'org.opencontainers.image.base.name': name,
    'org.opencontainers.image.base.digest': base.digest,
  });
}
