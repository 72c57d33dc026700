import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { entityTag, isKnownToClient } from '../../core/http/conditions.ts';
import { readSmallBody } from '../../core/http/request.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { JsonBounds, JsonOutOfBounds } from '../../core/oci/json.ts';
import { manifestOutOfBounds, maxManifestBytes } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import { isTag } from '../../core/oci/name.ts';
import type { PushedBy } from '../../core/oci/principal.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import { deleteManifest } from './delete-manifest.ts';
import type { RegistryPorts } from './ports.ts';
import { pushManifest } from './push-manifest.ts';
import type { PulledBy } from './read-manifest.ts';
import { findManifest, pullManifest } from './read-manifest.ts';

/**
 * The context of a pull: the caller, the headers that every answer has, and a callback for the digest of the answered
 * manifest.
 */
interface Asked {
  readonly by: PulledBy;
  readonly common: Readonly<Record<string, string>>;
  readonly served: (manifest: Digest) => void;
}

/** Answers GET and HEAD on `/v2/<name>/manifests/<reference>`. */
export async function pulledManifest(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  request: Request,
  { by, common, served }: Asked,
): Promise<Response> {
  if (request.method === 'HEAD') {
    const { document } = await findManifest(ports, key, reference, by);
    served(document.digest);
    return answered(document, null, request, common);
  }
  const { document, content } = await pullManifest(ports, key, reference, by);
  served(document.digest);
  return answered(document, content, request, common);
}

function answered(
  { digest, mediaType, size }: ManifestDocument,
  content: string | Uint8Array<ArrayBuffer> | null,
  request: Request,
  common: Readonly<Record<string, string>>,
): Response {
  const tag = entityTag(digest);
  if (isKnownToClient(request.headers, tag))
    return new Response(null, { status: 304, headers: { ...common, 'Docker-Content-Digest': digest, ETag: tag } });
  return new Response(content, {
    headers: {
      ...common,
      'Content-Type': mediaType,
      'Content-Length': String(size),
      'Docker-Content-Digest': digest,
      ETag: tag,
    },
  });
}

/** Answers DELETE of a manifest with its tags, or of one tag. */
export async function deletedManifest(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  by: RecycledBy,
): Promise<Response> {
  await deleteManifest(ports, key, reference, by);
  return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
}

/** The parts of a push beside its body. */
export interface PushRequest {
  readonly query: URLSearchParams;
  readonly cause: Cause;
  readonly asker: Asker;
  readonly pushedBy: PushedBy | undefined;
}

/** Answers PUT, with `?tag=` for more tags. */
export async function pushedManifest(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  request: Request,
  { query, cause, asker, pushedBy }: PushRequest,
): Promise<Response> {
  const tags = query.getAll('tag').map(requireTag);
  const bytes = await readSmallBody(request, 'manifest', maxManifestBytes, withinBounds());
  const mayRestore = asker.caller.may({ type: 'repository', name: key.repository, action: 'deleted_restore' });
  const contentType = request.headers.get('content-type') ?? undefined;
  const { digest, subject } = await pushManifest(ports, {
    key,
    reference,
    tags,
    bytes,
    contentType,
    cause,
    asker,
    pushedBy,
    mayRestore,
  });
  const headers = {
    Location: `/v2/${key.repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
    ...defined({ 'OCI-Subject': subject, 'OCI-Tag': tags.length === 0 ? undefined : tags.join(', ') }),
  };
  return new Response(null, { status: 201, headers });
}

/** Refuses a manifest that is nested too deep, or too long, as soon as it is, without reading the rest. */
function withinBounds(): (chunk: Uint8Array) => void {
  const bounds = new JsonBounds();
  return (chunk) => {
    try {
      bounds.add(chunk);
    } catch (error) {
      throw error instanceof JsonOutOfBounds ? manifestOutOfBounds(error) : error;
    }
  };
}

function requireTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError({ is: 'tag-invalid', tag: text });
}
