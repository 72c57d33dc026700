import type { RepositoryKey } from '../../core/documents/names.ts';
import { nextPage, pageSizeIn } from '../../core/http/page.ts';
import type { QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import { listTags } from './tags.ts';

/** The entries of a page if the client gives no size, and the most that one page has. */
const pageSize = 1_000;

/** Answers a request for the list of tags (distribution-spec, "Listing Tags"). */
export async function respondTags(
  ports: { documents: ReadDocument & QueryDocuments },
  key: RepositoryKey,
  query: URLSearchParams,
): Promise<Response> {
  const n = pageSizeIn(query, { usual: pageSize, largest: pageSize });
  const { tags, more } = await listTags(ports, key, { n, last: query.get('last') ?? undefined });
  const last = tags.at(-1);
  // With n=0 there is no last tag, and no link: it could only lead to the same page.
  const headers =
    more && last !== undefined
      ? nextPage(`/v2/${key.repository}/tags/list`, [
          ['last', last],
          ['n', String(n)],
        ])
      : {};
  return Response.json({ name: key.repository, tags }, { headers });
}
