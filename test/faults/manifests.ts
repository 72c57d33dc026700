import { createHash } from 'node:crypto';
import type { App } from '../../shared/app/app.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { ask, pushBlob } from '../shared/image.ts';

export const configType = 'application/vnd.oci.image.config.v1+json';
export const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const foreignType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [property: string]: unknown;
}

export function digestOfText(text: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export function foreignLayer(n: number, size: number): Descriptor {
  return { mediaType: foreignType, digest: digestOfText(`foreign ${n}`), size, urls: ['https://layers.example/'] };
}

/** Uploads bytes and gives the descriptor that says the truth about them. */
export async function blobIn(app: App, repository: string, text: string, mediaType: string): Promise<Descriptor> {
  const bytes = Buffer.from(text);
  return { mediaType, digest: await pushBlob(app, repository, bytes), size: bytes.length };
}

export interface Put {
  readonly status: number;
  readonly text: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

export async function put(
  app: App,
  repository: string,
  reference: string | undefined,
  manifest: object,
  type: string = mediaTypes.ociManifest,
): Promise<Put> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, ...manifest }));
  const digest = digestOfText(bytes);
  const answer = await ask(app, 'PUT', `/v2/${repository}/manifests/${reference ?? digest}`, {
    body: bytes,
    headers: { 'content-type': type },
  });
  return { status: answer.status, text: await answer.text(), digest, bytes };
}

export async function json(
  app: App,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await ask(
    app,
    method,
    path,
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
  );
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}
