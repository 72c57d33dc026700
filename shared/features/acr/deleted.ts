import { z } from 'zod';
import { binnedDocumentSchema, binnedTagSchema, manifestOf } from '../../core/documents/bin.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, repositorySchema } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { nextPage, pageSizeIn } from '../../core/http/page.ts';
import { readSmallBody } from '../../core/http/request.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { jsonIn } from '../../core/oci/json.ts';
import type { RegistryName, Tag } from '../../core/oci/name.ts';
import { isTag } from '../../core/oci/name.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { AcrPorts } from './ports.ts';
import type { Whereabouts } from './shapes.ts';
import { acrTime, manifestShape } from './shapes.ts';

const pageSizes = { usual: 100, largest: 100 };

/** Answers `GET _deleted/{name}/_manifests?n&last` in the order of the deletions, the latest last, as az expects. */
export async function respondDeletedManifests(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  query: URLSearchParams,
): Promise<Response> {
  const { items, headers } = await page(ports, key, 'binned', binnedDocumentSchema, {
    query,
    path: `/acr/v1/_deleted/${key.repository}/_manifests`,
  });
  const manifests = items.map((binned) => ({
    ...manifestShape(manifestOf(binned), []),
    deletedAt: acrTime(binned.recycled.recycledAt),
  }));
  return Response.json({ ...where, manifests }, { headers });
}

/** Answers `GET _deleted/{name}/_tags?n&last`. */
export async function respondDeletedTags(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  query: URLSearchParams,
): Promise<Response> {
  const { items, headers } = await page(ports, key, 'binned-tag', binnedTagSchema, {
    query,
    path: `/acr/v1/_deleted/${key.repository}/_tags`,
  });
  const tags = items.map(({ name, digest, recycled }) => ({
    tag: name,
    digest,
    deletedAt: acrTime(recycled.recycledAt),
  }));
  return Response.json({ ...where, tags }, { headers });
}

async function page<T extends { byTime: string }>(
  ports: AcrPorts,
  key: RepositoryKey,
  type: 'binned' | 'binned-tag',
  schema: z.ZodType<T>,
  asked: { readonly query: URLSearchParams; readonly path: string },
) {
  const n = pageSizeIn(asked.query, pageSizes);
  const last = asked.query.get('last') ?? '';
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const where: Predicate[] = [
    { path: 'byTime', is: '>', value: `${type}:${last}` },
    { path: 'byTime', is: '<', value: `${type};` },
  ];
  const found = await firstOf(
    n + 1,
    storedOf(
      ports.documents,
      { container, partition, where, orderBy: { path: 'byTime', direction: 'asc' }, limit: n + 1 },
      schema,
    ),
  );
  const items = found.map(({ document }) => document);
  const place = items.length > n ? items[n - 1]?.byTime.slice(type.length + 1) : undefined;
  return {
    items: items.slice(0, n),
    headers: place === undefined ? {} : nextPage(asked.path, Object.entries({ last: place, n: String(n) })),
  };
}

/**
 * Answers `GET _deleted/_catalog?n&last`: the repositories of which something is in the recycle bin, in order. Each
 * costs one seek in the index.
 */
export async function respondDeletedCatalog(ports: AcrPorts, registry: RegistryName, url: URL): Promise<Response> {
  const n = pageSizeIn(url.searchParams, pageSizes);
  const repositories: string[] = [];
  let last = url.searchParams.get('last') ?? '';
  for (
    let next = await deletedBehind(ports, registry, last);
    next !== undefined;
    next = await deletedBehind(ports, registry, last)
  ) {
    if (repositories.length === n)
      return Response.json(
        { repositories },
        { headers: nextPage(url.pathname, Object.entries({ last, n: String(n) })) },
      );
    repositories.push(next);
    last = next;
  }
  return Response.json({ repositories });
}

async function deletedBehind(
  { documents }: AcrPorts,
  registry: RegistryName,
  last: string,
): Promise<string | undefined> {
  const found = await documents.queryDocuments({
    container: 'repositories',
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'binned' },
      { path: 'repository', is: '>', value: last },
    ],
    orderBy: { path: 'repository', direction: 'asc' },
    limit: 1,
  });
  const [first] = found.documents;
  return first === undefined ? undefined : repositorySchema.parse(first.document.repository);
}

const bodySchema = z.object({
  tag: z.custom<Tag>((value) => typeof value === 'string' && isTag(value), 'is not a tag').nullish(),
});

/**
 * Answers `POST _deleted/{name}/_manifests/{digest}?force`: restores a manifest with all that was recycled along with
 * it, or only the tag that the body names. With `force` a tag that has that name by now is recycled. Throws
 * `RegistryError`: `manifest-unknown`, `tag-unknown`, `conflict`.
 */
export async function restoreDeleted(
  ports: AcrPorts,
  key: RepositoryKey,
  where: Whereabouts,
  digest: Digest,
  asked: { readonly request: Request; readonly force: boolean; readonly by: RecycledBy },
): Promise<Response> {
  const { cause } = asked.by;
  const { tag } = await bodyOf(asked.request);
  if (tag === undefined || tag === null) {
    if (!(await ports.bin.restoreManifest(key, digest, cause)))
      throw new RegistryError({ is: 'manifest-unknown', reference: digest });
    return Response.json({ ...where, digest });
  }
  let outcome = await ports.bin.restoreTag(key, digest, tag, cause);
  if (outcome === 'taken' && asked.force) {
    await ports.bin.recycleTag(key, tag, asked.by);
    outcome = await ports.bin.restoreTag(key, digest, tag, cause);
  }
  if (outcome === 'not there') throw new RegistryError({ is: 'tag-unknown', tag });
  if (outcome === 'taken')
    throw new RegistryError({
      is: 'conflict',
      code: 'conflict',
      why: `the tag ${tag} points at another manifest by now: send force=true to recycle that tag and restore this one`,
    });
  return Response.json({ ...where, digest, tag });
}

/** Parses the body. az sends none, or an object whose tag is absent or null, for the manifest as a whole. */
async function bodyOf(request: Request): Promise<z.infer<typeof bodySchema>> {
  const text = Buffer.from(await readSmallBody(request, 'restore', 64 * 1024)).toString('utf8');
  if (text.trim() === '') return {};
  const parsed = bodySchema.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data;
  throw new RegistryError({
    is: 'request-invalid',
    why: 'the body must be empty, or {"tag": "NAME"} to restore one tag',
  });
}
