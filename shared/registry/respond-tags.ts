import { RegistryError } from '../oci/faults.ts';
import type { QueryDocuments } from '../ports/documents.ts';
import type { RepositoryKey } from '../state/names.ts';
import { listTags } from './tags.ts';

/** A page where the client names no size, and the most that one page holds. */
const pageSize = 1_000;

/** Distribution-spec, "Listing Tags". */
export async function respondTags(ports: { documents: QueryDocuments }, key: RepositoryKey, query: URLSearchParams): Promise<Response> {
  const n = pageSizeIn(query);
  const { tags, more } = await listTags(ports, key, { n, last: query.get('last') ?? undefined });
  const last = tags.at(-1);
  const next: Record<string, string> = more && last !== undefined ? { Link: `</v2/${key.repository}/tags/list?last=${encodeURIComponent(last)}&n=${n}>; rel="next"` } : {};
  return Response.json({ name: key.repository, tags }, { headers: next });
}

/** Throws `RegistryError` (`page-size-invalid`). */
function pageSizeIn(query: URLSearchParams): number {
  const given = query.get('n');
  if (given === null) return pageSize;
  if (!/^\d{1,9}$/.test(given)) throw new RegistryError({ is: 'page-size-invalid', given });
  return Math.min(Number(given), pageSize);
}
