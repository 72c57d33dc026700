import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { ownBytes, tagRowOf } from '../../core/documents/tag-facts.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { ListPorts } from './ports.ts';
import type { Surroundings } from './surroundings.ts';
import { surroundingsOf } from './surroundings.ts';
import { requireRepository } from './tags.ts';
import type { ManifestRow, ManifestsQuery } from './tags-wire.ts';
import { unnamedAmong } from './untagged.ts';

const placeSchema = z.object({ after: z.string() });

const mostTags = 10;
/** A page of manifests without a tag looks at so many pages of all. */
const pagesExamined = 10;

interface ManifestPage {
  readonly items: ManifestRow[];
  readonly continuation?: string;
}

/**
 * Returns a page of the manifests of a repository, in the order of their last push. Throws `RegistryError`
 * (`thing-unknown`, `request-invalid`).
 */
export async function manifestRows(ports: ListPorts, key: RepositoryKey, query: ManifestsQuery): Promise<ManifestPage> {
  const { kind, limit, continuation, order = 'desc' } = query;
  const list = ['manifests', key.registry, key.repository, kind, order];
  let after = ports.places.open(list, continuation, placeSchema)?.after;
  await requireRepository(ports.documents, key);
  const items: ManifestRow[] = [];
  for (let read = 0; read < pagesExamined; read++) {
    const { manifests, more } = await walk(ports, key, { kind, order, after, limit });
    const about = await surroundingsOf(
      ports,
      key,
      manifests.map(({ digest }) => ({ digest, children: [] })),
    );
    const children = await childBytes(ports, key, manifests);
    const unnamed = kind === 'untagged' ? await unnamedAmong(ports, key, manifests) : undefined;
    for (const manifest of manifests) {
      const around = about.get(manifest.digest);
      if (unnamed?.has(manifest.digest) === false) continue;
      if (items.length === limit) return { items, ...placeOf(ports, list, after) };
      items.push(rowOf(manifest, around, children));
      after = manifest.byTime;
    }
    if (!more) return { items };
    after = manifests.at(-1)?.byTime ?? after;
    if (kind !== 'untagged' || items.length === limit) break;
  }
  return { items, ...placeOf(ports, list, after) };
}

function placeOf(
  { places }: ListPorts,
  list: readonly unknown[],
  after: string | undefined,
): { continuation?: string } {
  return after === undefined ? {} : { continuation: places.seal(list, { after }) };
}

async function walk(
  { documents }: ListPorts,
  key: RepositoryKey,
  {
    kind,
    order,
    after,
    limit,
  }: Pick<ManifestsQuery, 'kind' | 'limit'> & { readonly order: 'asc' | 'desc'; readonly after: string | undefined },
): Promise<{ readonly manifests: readonly ManifestDocument[]; readonly more: boolean }> {
  const [from, to] = ['manifest:', 'manifest;'];
  const where: Predicate[] =
    order === 'asc'
      ? [
          { path: 'byTime', is: after === undefined ? '>=' : '>', value: after ?? from },
          { path: 'byTime', is: '<', value: to },
        ]
      : [
          { path: 'byTime', is: '>=', value: from },
          { path: 'byTime', is: '<', value: after ?? to },
        ];
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: kind === 'referrers' ? [...where, { path: 'subject', is: '>' as const, value: '' }] : where,
    orderBy: { path: 'byTime', direction: order },
    limit: limit + 1,
  };
  const page = await documents.queryDocuments(query);
  const found = page.documents.map((each) => parseStored(manifestDocumentSchema, each, query).document);
  return { manifests: found.slice(0, limit), more: found.length > limit || page.continuation !== undefined };
}

const childSchema = z.object({ digest: z.string(), references: manifestDocumentSchema.shape.references });

/** Reads the sizes of what the indexes of a page list, in one query. */
async function childBytes(
  { documents }: ListPorts,
  key: RepositoryKey,
  manifests: readonly ManifestDocument[],
): Promise<ReadonlyMap<Digest, number>> {
  const bytes = new Map(manifests.map((manifest): [Digest, number] => [manifest.digest, ownBytes(manifest)]));
  const listed = manifests.flatMap(({ references }) => references.filter(({ role }) => role === 'manifest'));
  const missing = [...new Set(listed.map(({ digest }) => digest))].filter((digest) => !bytes.has(digest));
  if (missing.length === 0) return bytes;
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'manifest' },
    { path: 'digest', is: 'in', values: missing.slice(0, 1_000) },
  ];
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where,
    limit: 1_000,
  });
  for (const { document } of page.documents) {
    const child = childSchema.safeParse(document);
    if (child.success) bytes.set(child.data.digest as Digest, ownBytes(child.data));
  }
  return bytes;
}

function rowOf(
  manifest: ManifestDocument,
  around: Surroundings | undefined,
  children: ReadonlyMap<Digest, number>,
): ManifestRow {
  const { digest, subject, updatedAt } = manifest;
  const { mediaType, artifactType, bytes, platforms } = tagRowOf(manifest, children);
  return {
    digest,
    mediaType,
    ...defined({ artifactType, subject }),
    pushedAt: updatedAt,
    bytes,
    tags: (around?.tags ?? []).toSorted().slice(0, mostTags),
    tagCount: around?.tagCount ?? 0,
    platforms,
  };
}
