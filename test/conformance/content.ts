import { randomBytes } from 'node:crypto';
import type { App } from '../../shared/app/app.ts';
import type { Digest, DigestAlgorithm } from '../../shared/core/oci/digest.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { ask, location, withDigest } from '../shared/image.ts';

export interface Content {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}

export function randomBlob(size: number, algorithm: DigestAlgorithm = 'sha256'): Content {
  return content(randomBytes(size), 'application/octet-stream', algorithm);
}

export function content(bytes: Uint8Array, mediaType: string, algorithm: DigestAlgorithm = 'sha256'): Content {
  return { bytes, digest: digestOf(bytes, algorithm), mediaType };
}

export function descriptor({ mediaType, digest, bytes }: Content): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}

/** The empty JSON object, which artifacts use for what they do not need (image-spec, manifest.md). */
export const emptyJson = content(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');

export function manifestOf(json: object, algorithm: DigestAlgorithm = 'sha256'): Content {
  const mediaType = 'manifests' in json ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  return content(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...json })), mediaType, algorithm);
}

export interface Image {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
}

/** `extra` are more properties of the manifest. */
export function randomImage(
  options: {
    readonly layers?: number;
    readonly extra?: object;
    readonly algorithm?: DigestAlgorithm;
    readonly config?: Content;
  } = {},
): Image {
  const { algorithm = 'sha256', extra = {} } = options;
  const config =
    options.config ??
    content(
      Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', seed: randomBytes(8).toString('hex') })),
      'application/vnd.oci.image.config.v1+json',
      algorithm,
    );
  const layers = Array.from({ length: options.layers ?? 2 }, () => ({
    ...randomBlob(256, algorithm),
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
  }));
  const manifest = manifestOf({ config: descriptor(config), layers: layers.map(descriptor), ...extra }, algorithm);
  return { manifest, blobs: [config, ...layers] };
}

/** Pushes by one POST and one PUT; throws when the registry does not take it. */
export async function push(app: App, repository: string, blob: Content): Promise<void> {
  const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/`);
  const put = await ask(app, 'PUT', withDigest(location(started), blob.digest), {
    body: blob.bytes,
    headers: { 'content-type': 'application/octet-stream' },
  });
  if (put.status !== 201) throw new Error(`PUT ${put.status}: ${await put.text()}`);
}

export async function putContent(
  app: App,
  repository: string,
  reference: string,
  manifest: Content,
): Promise<Response> {
  return ask(app, 'PUT', `/v2/${repository}/manifests/${reference}`, {
    body: manifest.bytes,
    headers: { 'content-type': manifest.mediaType },
  });
}

/** Pushes blobs, then the manifest by `reference` (its digest without one). */
export async function pushAll(
  app: App,
  repository: string,
  image: Image,
  reference: string = image.manifest.digest,
): Promise<void> {
  for (const blob of image.blobs) await push(app, repository, blob);
  const put = await putContent(app, repository, reference, image.manifest);
  if (put.status !== 201) throw new Error(`PUT manifest ${put.status}: ${await put.text()}`);
}

/** Follows a redirect as clients do: the same headers again. */
export async function pull(app: App, path: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await ask(app, 'GET', path, { headers });
  return answer.status === 307 ? fetch(location(answer), { headers }) : answer;
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

export async function codeOf(response: Response): Promise<string | undefined> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return errors[0]?.code;
}
