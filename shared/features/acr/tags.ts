import { defined } from '../../core/documents/defined.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import { digestIn } from '../../core/oci/digest-in.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import { attributePatchIn, patchedAttributes, patchStored } from './attributes.ts';
import { linkTo, listPage, listRequestIn } from './list.ts';
import type { AcrPorts } from './ports.ts';
import type { Whereabouts } from './shapes.ts';
import { tagShape } from './shapes.ts';

const pageSizes = { usual: 100, largest: 1_000 };

/** Answers `GET _tags?n&last&orderby&digest`. */
export async function respondTagList(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  query: URLSearchParams,
): Promise<Response> {
  const request = listRequestIn(query, pageSizes);
  const given = query.get('digest') ?? '';
  const digest = given === '' ? undefined : digestIn(given);
  const filter = defined({
    where: digest === undefined ? undefined : [{ path: 'digest', is: '=' as const, value: digest }],
  });
  const page = await listPage(ports.documents, key, { type: 'tag', schema: tagDocumentSchema, ...filter }, request);
  const headers = linkTo(`/acr/v1/${key.repository}/_tags`, request, page, defined({ digest }));
  return Response.json({ ...where, tags: page.items.map(tagShape) }, { headers });
}

/** Answers `GET`, `PATCH` and `DELETE _tags/{tag}`. */
export async function respondTag(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  tag: Tag,
  request: Request,
  by: RecycledBy,
): Promise<Response> {
  const absent = new RegistryError({ is: 'tag-unknown', tag });
  switch (request.method) {
    case 'PATCH':
      return answer(where, await patchTag(ports, key, tag, request, absent));
    case 'DELETE':
      await ports.entries.requireAllowed({ operation: 'delete', key, asker: by.asker });
      if (!(await ports.bin.recycleTag(key, tag, by))) throw absent;
      return new Response(null, { status: 202, headers: { 'Content-Length': '0' } });
    default: {
      const found = await readStored(ports.documents, tagDocumentSchema, tagRef(key, tag));
      if (found === undefined) throw absent;
      return answer(where, found.document);
    }
  }
}

async function patchTag(
  ports: AcrPorts,
  key: RepositoryKey,
  tag: Tag,
  request: Request,
  absent: RegistryError,
): Promise<TagDocument> {
  const patch = await attributePatchIn(request);
  const change = ({ attributes }: TagDocument) => patchedAttributes(attributes, patch);
  return (await patchStored(ports.documents, { ref: tagRef(key, tag), schema: tagDocumentSchema, absent, change }))
    .document;
}

function answer(where: Whereabouts, tag: TagDocument): Response {
  return Response.json({ ...where, tag: tagShape(tag) });
}
