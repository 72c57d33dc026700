import { expect } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import { ask, pushBlob, putManifest } from '../../image.ts';

export const repository = 'team/app';

export interface Pushed {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export type Json = Readonly<Record<string, unknown>>;

interface Parts {
  /** The config: JSON, or bytes that are none. */
  readonly config?: Json | Uint8Array;
  readonly configType?: string;
  /** The contents of the layers. */
  readonly layers?: readonly string[];
  readonly layerType?: string;
  readonly layerAnnotations?: Readonly<Record<string, string>>;
  readonly manifest?: Json;
  readonly in?: string;
}

/** Pushes an image, or another manifest with a config and layers, by a tag or by its digest. */
export async function pushWith(app: App, tag: string | undefined, parts: Parts = {}): Promise<Pushed> {
  const { config = { os: 'linux', architecture: 'amd64' }, layers = ['layer'], in: name = repository } = parts;
  const configBytes = config instanceof Uint8Array ? config : Buffer.from(JSON.stringify(config));
  const blobs = layers.map((text) => Buffer.from(text));
  for (const blob of [configBytes, ...blobs]) await pushBlob(app, name, blob);
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const annotations = parts.layerAnnotations === undefined ? {} : { annotations: parts.layerAnnotations };
  const layerType = parts.layerType ?? 'application/vnd.oci.image.layer.v1.tar+gzip';
  return pushJson(app, tag, name, mediaTypes.ociManifest, {
    config: descriptor(parts.configType ?? 'application/vnd.oci.image.config.v1+json', configBytes),
    layers: blobs.map((blob) => ({ ...descriptor(layerType, blob), ...annotations })),
    ...parts.manifest,
  });
}

interface Entry {
  readonly of: Pushed;
  readonly platform?: Json;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Pushes an index of manifests that are there, and of others too. */
export function pushIndex(
  app: App,
  tag: string | undefined,
  entries: readonly Entry[],
  manifest: Json = {},
): Promise<Pushed> {
  const manifests = entries.map(({ of, platform, annotations }) => ({
    mediaType: of.mediaType,
    digest: of.digest,
    size: of.bytes.length,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
  }));
  return pushJson(app, tag, repository, mediaTypes.ociIndex, { manifests, ...manifest });
}

export async function pushJson(
  app: App,
  tag: string | undefined,
  name: string,
  mediaType: string,
  json: Json,
): Promise<Pushed> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...json }));
  const digest = digestOf(bytes);
  const pushed = await putManifest(app, name, tag ?? digest, { bytes, mediaType: mediaType });
  if (pushed.status !== 201) throw new Error(`PUT manifest ${pushed.status}: ${await pushed.text()}`);
  return { digest, mediaType, bytes };
}

export function subjectOf({ mediaType, digest, bytes }: Pushed): Json {
  return { subject: { mediaType, digest, size: bytes.length } };
}

/** Pushes a referrer of an artifact type. */
export function pushReferrer(app: App, of: Pushed, artifactType: string, more: Json = {}): Promise<Pushed> {
  return pushWith(app, undefined, {
    config: {},
    configType: 'application/vnd.oci.empty.v1+json',
    layers: [`${artifactType} of ${of.digest}`],
    manifest: { artifactType, ...subjectOf(of), ...more },
  });
}

export interface View {
  readonly digest: string;
  readonly bytes: number;
  readonly size: number;
  readonly tags: readonly string[];
  readonly tagCount: number;
  readonly artifactType?: string;
  readonly config?: Json;
  readonly configProblem?: string;
  readonly configDigest?: string;
  readonly layers: readonly {
    readonly digest: string;
    readonly bytes: number;
    readonly instruction?: string;
    readonly title?: string;
    readonly inImages?: number;
  }[];
  readonly history: readonly { readonly instruction: string; readonly empty: boolean; readonly layer?: number }[];
  readonly historyProblem?: string;
  readonly dockerfile?: string;
  readonly platforms: readonly Json[];
  readonly attestations: readonly Json[];
  readonly children: readonly Json[];
  readonly referrers: readonly (Json & { readonly kind: string; readonly of: string })[];
  readonly badges: Json;
  readonly regions?: readonly Json[];
  readonly base?: Json;
  readonly pullCommands: readonly { readonly client: string; readonly command: string; readonly pinned: string }[];
  readonly more?: readonly string[];
  readonly unavailable?: readonly string[];
  readonly [other: string]: unknown;
}

export async function api<T = Json>(app: App, path: string, query: Readonly<Record<string, string>>, status = 200) {
  const answer = await ask(app, 'GET', `/api/v1${path}?${new URLSearchParams(query).toString()}`);
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text) as T;
}

export function viewOf(app: App, reference: string, name = repository): Promise<View> {
  return api<View>(app, '/images', { repository: name, reference });
}
