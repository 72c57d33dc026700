import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../state/names.ts';
import { requireLink } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/** How long a redirect's URL is good for. Clients follow it at once; a slow one has started within this. In seconds. */
const redirectSeconds = 20 * 60;

/** HEAD answers from the link alone; GET redirects to where the bytes are, so that none pass through here. */
export async function respondBlob(ports: RegistryPorts, key: RepositoryKey, digest: Digest, method: string): Promise<Response> {
  const link = await requireLink(ports.documents, key, digest);
  const headers = { 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
  if (method === 'HEAD') {
    return new Response(null, { headers: { ...headers, 'Content-Type': 'application/octet-stream', 'Content-Length': String(link.size), 'Accept-Ranges': 'bytes' } });
  }
  const location = await ports.blobs.signBlobUrl(link.name, redirectSeconds);
  return new Response(null, { status: 307, headers: { ...headers, Location: location, 'Content-Length': '0' } });
}
