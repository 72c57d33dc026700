import type { RepositoryKey } from '../../core/documents/names.ts';
import { entityTag, isKnownToClient, rangeApplies } from '../../core/http/conditions.ts';
import type { SatisfiableRange } from '../../core/http/range.ts';
import { parseRange } from '../../core/http/range.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Copy } from './copies.ts';
import { copiesOf, findCopies, firstThatHas } from './copies.ts';
import type { LinkedBlob } from './links.ts';
import { requireLasting, requireLink } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/**
 * The seconds that a redirect's URL is valid. Clients follow it at once, so a slow one has started within this time.
 */
const redirectSeconds = 20 * 60;

type BlobPorts = Pick<
  RegistryPorts,
  'documents' | 'nearby' | 'bin' | 'blobs' | 'regions' | 'replication' | 'traffic' | 'settings' | 'clock'
>;

/**
 * Answers GET and HEAD on `/v2/<name>/blobs/<digest>`. HEAD reads the link alone, and refreshes it: clients ask before
 * a push, and do not upload a blob that exists. GET redirects to the bytes, so that none pass through this process, or
 * streams them if the settings say so. `common` are the headers that every answer has.
 */
export async function respondBlob(
  ports: BlobPorts,
  key: RepositoryKey,
  digest: Digest,
  request: Request,
  common: Readonly<Record<string, string>>,
): Promise<Response> {
  const found = request.method === 'HEAD' ? Promise.resolve({}) : findCopies(ports, digest);
  // If there is no link, that is the error that the client gets.
  found.catch(() => undefined);
  const link = await (request.method === 'HEAD'
    ? requireLasting(ports, key, digest)
    : requireLink(ports, key, digest, ports.nearby));
  const headers = { ...common, 'Docker-Content-Digest': digest, ETag: entityTag(digest), 'Accept-Ranges': 'bytes' };
  if (isKnownToClient(request.headers, headers.ETag)) return new Response(null, { status: 304, headers });
  if (request.method === 'HEAD') return new Response(null, { headers: { ...headers, ...contentHeaders(link.size) } });
  const range = rangeApplies(request.headers, headers.ETag)
    ? parseRange(request.headers.get('range'), link.size)
    : undefined;
  if (range === 'unsatisfiable') throw new RegistryError({ is: 'range-unsatisfiable', size: link.size });
  const copies = await copiesOf(ports, link, await found);
  return mustProxy(ports, request.headers.get('range'), range)
    ? proxied(ports, link, copies, range, headers)
    : redirected(ports, link, copies[0], range, headers);
}

/**
 * Returns whether a redirect would fail. The client repeats its `Range` at the redirect's target, and Blob Storage
 * supports one form alone: it answers suffix ranges with garbage or with everything, and several ranges, or an invalid
 * one that is to be ignored, with an error.
 */
function mustProxy({ settings }: BlobPorts, header: string | null, range: SatisfiableRange | undefined): boolean {
  if (settings.blobs === 'proxy') return true;
  return header !== null && (range === undefined || !/^bytes=\d+-\d*$/.test(header));
}

/** Redirects to a copy. The client repeats its `Range` at that URL. */
async function redirected(
  ports: BlobPorts,
  link: LinkedBlob,
  { name, blobs }: Copy,
  range: SatisfiableRange | undefined,
  headers: Record<string, string>,
): Promise<Response> {
  const location = await blobs.signBlobUrl(name, redirectSeconds);
  ports.traffic.countBytes('redirected', lengthOf(link, range));
  return new Response(null, { status: 307, headers: { ...headers, Location: location, 'Content-Length': '0' } });
}

/**
 * Streams a copy. The client's reads pull it chunk by chunk: a slow client slows the store, and no bytes gather here.
 */
async function proxied(
  ports: BlobPorts,
  link: LinkedBlob,
  copies: readonly Copy[],
  range: SatisfiableRange | undefined,
  headers: Record<string, string>,
): Promise<Response> {
  const length = lengthOf(link, range);
  const stream = await firstThatHas(copies, range === undefined ? undefined : { offset: range.start, length });
  if (stream === undefined) throw new RegistryError({ is: 'blob-unknown', digest: link.digest });
  ports.traffic.countBytes('proxied', length);
  const content = { ...headers, ...contentHeaders(length) };
  if (range === undefined) return new Response(stream, { headers: content });
  return new Response(stream, {
    status: 206,
    headers: { ...content, 'Content-Range': `bytes ${range.start}-${range.end}/${link.size}` },
  });
}

function lengthOf({ size }: LinkedBlob, range: SatisfiableRange | undefined): number {
  return range === undefined ? size : range.end - range.start + 1;
}

function contentHeaders(length: number): Record<string, string> {
  return { 'Content-Type': 'application/octet-stream', 'Content-Length': String(length) };
}
