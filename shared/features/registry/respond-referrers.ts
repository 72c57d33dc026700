import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { nextPage, pageSizeIn } from '../../core/http/page.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { digestIn } from '../../core/oci/digest-in.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import type { RegistryPorts } from './ports.ts';
import { listReferrers } from './referrers.ts';

/** The entries on a page: as many as possible, for many clients do not follow `Link` here. */
const pageSize = 1_000;

/**
 * Returns the types that a filter may mean. A bare `+` in a query is read as a space, and clients leave the `+` of
 * `application/spdx+json` bare. A type has no space before its parameters, so one there was a `+`; a name that is no
 * media type may have one.
 */
function asMeant(type: string): string[] {
  const meant = type.replace(/^[^;]*/, (name) => name.replaceAll(' ', '+'));
  return meant === type ? [type] : [meant, type];
}

/**
 * Answers a request for referrers (distribution-spec, "Listing Referrers") with an image index, which is empty for an
 * unknown subject or repository, and never with 404.
 */
export async function respondReferrers(
  ports: Pick<RegistryPorts, 'documents' | 'blobs' | 'regions'>,
  key: RepositoryKey,
  subject: Digest,
  query: URLSearchParams,
): Promise<Response> {
  const n = Math.max(1, pageSizeIn(query, { usual: pageSize, largest: pageSize }));
  const given = query.get('last');
  const artifactTypes = query
    .getAll('artifactType')
    .filter((type) => type !== '')
    .flatMap(asMeant);
  const { descriptors, more } = await listReferrers(ports, key, {
    subject,
    artifactTypes,
    n,
    last: given === null ? undefined : digestIn(given),
  });
  const last = descriptors.at(-1)?.digest;
  const filters = artifactTypes.map((type) => ['artifactType', type] as const);
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: descriptors });
  return new Response(body, {
    headers: {
      'Content-Type': mediaTypes.ociIndex,
      'Content-Length': String(Buffer.byteLength(body)),
      ...defined({ 'OCI-Filters-Applied': filters.length === 0 ? undefined : 'artifactType' }),
      ...(more && last !== undefined
        ? nextPage(`/v2/${key.repository}/referrers/${subject}`, [...filters, ['last', last], ['n', String(n)]])
        : {}),
    },
  });
}
