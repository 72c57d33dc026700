import { readSmallBody } from '../http/request.ts';
import type { Cause } from '../events/envelope.ts';
import type { Digest } from '../oci/digest.ts';
import { maxManifestBytes } from '../oci/manifest.ts';
import type { Tag } from '../oci/name.ts';
import type { RepositoryKey } from '../state/names.ts';
import { deleteManifest } from './delete-manifest.ts';
import type { RegistryPorts } from './ports.ts';
import { pushManifest } from './push-manifest.ts';
import { findManifest, manifestBytes } from './read-manifest.ts';

/** GET, HEAD, PUT and DELETE on `/v2/<name>/manifests/<reference>`. */
export async function respondManifest(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest, request: Request, cause: Cause): Promise<Response> {
  switch (request.method) {
    case 'PUT':
      return put(ports, key, reference, request, cause);
    case 'DELETE':
      await deleteManifest(ports, key, reference, cause);
      return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
    default:
      return get(ports, key, reference, request.method === 'HEAD');
  }
}

async function get(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest, headOnly: boolean): Promise<Response> {
  const manifest = await findManifest(ports, key, reference);
  const headers = {
    'Content-Type': manifest.mediaType,
    'Content-Length': String(manifest.size),
    'Docker-Content-Digest': manifest.digest,
    ETag: `"${manifest.digest}"`,
  };
  return new Response(headOnly ? null : await manifestBytes(ports, manifest), { headers });
}

async function put(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest, request: Request, cause: Cause): Promise<Response> {
  const bytes = await readSmallBody(request, 'manifest', maxManifestBytes);
  const { digest, subject } = await pushManifest(ports, { key, reference, bytes, contentType: request.headers.get('content-type') ?? undefined, cause });
  const headers = {
    Location: `/v2/${key.repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
  };
  return new Response(null, { status: 201, headers });
}
