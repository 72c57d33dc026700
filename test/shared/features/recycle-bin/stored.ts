import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { everythingEnabled } from '../../../../shared/core/documents/attributes.ts';
import type { ManifestDocument } from '../../../../shared/core/documents/manifest.ts';
import { manifestId, timeKey } from '../../../../shared/core/documents/manifest.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { RegistryName, RepositoryName } from '../../../../shared/core/oci/name.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';

export const start = '2026-01-01T00:00:00.000Z';
const inRepository = { registry: 'default' as RegistryName, repository: 'team/app' as RepositoryName };

export function manifest(n: string): ManifestDocument {
  const digest = digestOf(Buffer.from(`manifest ${n}`));
  const layers = ['config', 'layer'].map((role) => ({
    role: role as 'config' | 'layer',
    digest: digestOf(Buffer.from(`${role} ${n}`)),
    size: 10,
    mediaType: 'application/octet-stream',
  }));
  const content = { text: 'x'.repeat(100) };
  const times = { createdAt: start, updatedAt: start, byTime: timeKey('manifest', start, digest) };
  return {
    id: manifestId(digest),
    type: 'manifest',
    schemaVersion: 1,
    ...inRepository,
    digest,
    mediaType: mediaTypes.ociManifest,
    size: 100,
    content,
    references: layers,
    attributes: everythingEnabled,
    ...times,
  };
}

export async function fill(documents: Documents, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const batch = (at: number) =>
      Array.from(
        { length: 100 },
        (_, n) => ({ do: 'upsert', document: { ...manifest(`rest ${from + at * 100 + n}`) } }) as const,
      );
    await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        documents.commitDocuments('repositories', ['default', 'team/app'], batch(at)),
      ),
    );
  }
}

export function blobChanges(digest: Digest) {
  const name = `blobs/${digest.slice(7, 20)}`;
  const common = { schemaVersion: 1, digest, size: 10 };
  const blob = { ...common, id: 'blob', type: 'blob', copies: { home: { name, storedAt: start } }, storedAt: start };
  const link = {
    ...common,
    ...inRepository,
    id: 'link:default:team:app',
    type: 'link',
    name,
    region: 'home',
    refreshedAt: start,
  };
  return [blob, link].map((document) => ({ do: 'create', document }) as const);
}

/** Sums what the service says that its answers cost, in RU. */
export function metered() {
  const meter = { units: 0 };
  const listen = (message: unknown) => {
    const { response } = message as { request: ClientRequest; response: IncomingMessage };
    meter.units += Number(response.headers['x-ms-request-charge'] ?? 0);
  };
  diagnostics.subscribe('http.client.response.finish', listen);
  return { meter, stop: () => diagnostics.unsubscribe('http.client.response.finish', listen) };
}
