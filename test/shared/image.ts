import type { App } from '../../shared/app/app.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';

/** A request to the app without a socket. */
export async function ask(
  app: App,
  method: string,
  path: string,
  options: { body?: Uint8Array | string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return app.fetch(
    new Request(`http://registry.test${path}`, {
      method,
      ...(options.headers ? { headers: options.headers } : {}),
      ...(options.body === undefined ? {} : { body: options.body as Uint8Array<ArrayBuffer> | string }),
    }),
  );
}

/** Uploads as docker does: POST, one PATCH, an empty PUT. Gives the digest. */
export async function pushBlob(app: App, repository: string, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes);
  const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/`);
  const patched = await ask(app, 'PATCH', location(started), { body: bytes });
  const finished = await ask(app, 'PUT', withDigest(location(patched), digest));
  if (finished.status !== 201) throw new Error(`PUT ${finished.status}: ${await finished.text()}`);
  return digest;
}

export function location(response: Response): string {
  const header = response.headers.get('location');
  if (header === null) throw new Error(`no Location in ${response.status}`);
  return header;
}

export function withDigest(path: string, digest: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`;
}

export interface TestImage {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
  readonly config: Uint8Array;
  readonly layers: readonly Uint8Array[];
}

/** `seed` makes its config, and its layers where `layerSeed` is not another image's. */
export function makeImage(seed: string, layerCount = 2, extra: object = {}, layerSeed = seed): TestImage {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', seed }));
  const layers = Array.from({ length: layerCount }, (_, index) => Buffer.from(`layer ${index} of ${layerSeed}`));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(layer),
      size: layer.length,
    })),
    ...extra,
  };
  const bytes = Buffer.from(JSON.stringify(manifest, undefined, 2));
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, config, layers };
}

export async function putManifest(
  app: App,
  repository: string,
  reference: string,
  image: Pick<TestImage, 'bytes' | 'mediaType'>,
): Promise<Response> {
  return ask(app, 'PUT', `/v2/${repository}/manifests/${reference}`, {
    body: image.bytes,
    headers: { 'content-type': image.mediaType },
  });
}

/** Pushes blobs and manifest; throws when the registry does not take them. */
export async function pushImage(app: App, repository: string, tag: string, image: TestImage): Promise<string> {
  for (const blob of [image.config, ...image.layers]) await pushBlob(app, repository, blob);
  const pushed = await putManifest(app, repository, tag, image);
  if (pushed.status !== 201) throw new Error(`PUT manifest ${pushed.status}: ${await pushed.text()}`);
  return image.digest;
}
