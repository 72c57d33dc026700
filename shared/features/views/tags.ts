import { defined } from '../../core/documents/defined.ts';
import { storedAmong } from '../../core/documents/in-repository.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import { tagRowOf } from '../../core/documents/tag-facts.ts';
import type { TagRow as StoredRow } from '../../core/documents/tag-row.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { TagPulls } from '../../core/ports/views.ts';
import type { ListPorts } from './ports.ts';
import { beginning, searchOf } from './search.ts';
import type { Surroundings } from './surroundings.ts';
import { surroundingsOf } from './surroundings.ts';
import type { Listed, Place, TagListing } from './tag-list.ts';
import { placeSchema, tagPage } from './tag-list.ts';
import type { TagRow, TagRows, TagsQuery } from './tags-wire.ts';

const mostAliases = 10;

/**
 * Returns a page of the tags of a repository. It costs a read of the repository's entry, a count, and three queries: the
 * tags, their pulls, and what is about their manifests. Throws `RegistryError` (`thing-unknown`, `request-invalid`).
 */
export async function tagRows(ports: ListPorts, key: RepositoryKey, query: TagsQuery): Promise<TagRows> {
  const { sort, limit, continuation } = query;
  const direction = query.order ?? (sort === 'name' ? 'asc' : 'desc');
  const list = ['tags', key.registry, key.repository, query.search ?? '', sort, direction];
  const place = ports.places.open(list, continuation, placeSchema) ?? {};
  const entry = await requireRepository(ports.documents, key);
  const listing: TagListing = { key, entry, search: searchOf(query.search), sort, direction, limit };
  const [{ items, next, counted }, total] = await Promise.all([
    tagPage(ports, listing, place),
    listing.search.isPrefix ? countTags(ports, listing) : undefined,
  ]);
  const [pulls, about, rows] = await Promise.all([
    pullsOf(ports, key, items),
    aboutOf(ports, key, items),
    missingRows(ports, key, items),
  ]);
  const regions = ports.regions.names.length;
  return {
    items: items.map(({ tag }) =>
      rowOf(tag, tag.row ?? rows.get(tag.digest), pulls.get(tag.name), about.get(tag.digest), regions),
    ),
    total: total ?? counted?.total ?? 0,
    ...defined({
      totalIsAtLeast: counted?.isAtLeast === true ? true : undefined,
      continuation: next === undefined || isEnd(next, total) ? undefined : ports.places.seal(list, next),
    }),
  };
}

/** No tag is left that was never pulled if as many were shown as there are. */
function isEnd({ after, seen }: Place, total: number | undefined): boolean {
  return after !== undefined && seen !== undefined && total !== undefined && seen >= total;
}

/** Reads a repository's entry. Throws `RegistryError` (`thing-unknown`). */
export async function requireRepository(documents: ReadDocument, key: RepositoryKey): Promise<RepositoryDocument> {
  const entry = await readStored(documents, repositoryDocumentSchema, repositoryRef(key));
  if (entry?.document.state === 'live') return entry.document;
  throw new RegistryError({
    is: 'thing-unknown',
    code: 'repositoryNotFound',
    what: `repository ${key.repository}`,
    hint: 'GET /api/v1/repositories lists the repositories',
  });
}

function countTags({ documents, totals }: ListPorts, { key, search }: TagListing): Promise<number> {
  return totals.of(JSON.stringify([key.repository, search.prefix]), () =>
    documents.countDocuments({
      container: 'repositories',
      partition: partitionOf(key),
      where: [{ path: 'type', is: '=', value: 'tag' }, ...beginning('name', search)],
    }),
  );
}

/** A list in the order of pulls has read them. */
async function pullsOf(
  { usageViews }: ListPorts,
  key: RepositoryKey,
  items: readonly Listed[],
): Promise<ReadonlyMap<string, TagPulls>> {
  const known = items.flatMap(({ tag, pulls }) => (pulls === undefined ? [] : [[tag.name, pulls] as const]));
  if (known.length === items.length) return new Map(known);
  return usageViews.tagPulls(
    key,
    items.map(({ tag }) => tag.name),
  );
}

function aboutOf(ports: ListPorts, key: RepositoryKey, items: readonly Listed[]) {
  const asked = items.map(({ tag: { digest, row } }) => ({
    digest,
    children: (row?.platforms ?? []).flatMap((platform) => platform.digest ?? []),
  }));
  return surroundingsOf(ports, key, asked);
}

/** Reads the manifests of tags that were pushed before they had rows, until their repository is walked through. */
async function missingRows(
  ports: ListPorts,
  key: RepositoryKey,
  items: readonly Listed[],
): Promise<ReadonlyMap<string, StoredRow>> {
  const digests = new Set(items.flatMap(({ tag }) => (tag.row === undefined ? [tag.digest] : [])));
  if (digests.size === 0) return new Map();
  const found = await storedAmong(ports, key, 'manifest', [...digests], manifestDocumentSchema);
  return new Map(found.map(({ document }) => [document.digest, tagRowOf(document, new Map())]));
}

function rowOf(
  tag: TagDocument,
  row: StoredRow | undefined,
  pulls: TagPulls | undefined,
  about: Surroundings | undefined,
  regions: number,
): TagRow {
  const { name, digest, attributes } = tag;
  const others = (about?.tags ?? []).filter((other) => other !== name).sort();
  return {
    name,
    digest,
    mediaType: row?.mediaType ?? 'application/octet-stream',
    ...defined({ artifactType: row?.artifactType, bytes: row?.bytes }),
    pushedAt: tag.updatedAt,
    createdAt: tag.createdAt,
    ...defined({ lastPull: pulls?.lastPull }),
    pulls30d: pulls?.pulls30d ?? 0,
    platforms: row?.platforms ?? [],
    attestations: row?.attestations ?? 0,
    aliases: others.slice(0, mostAliases),
    aliasCount: Math.max(0, (about?.tagCount ?? 1) - 1),
    badges: {
      signed: about?.signed ?? false,
      sbom: about?.sbom ?? false,
      attested: (about?.attested ?? false) || (row?.attestations ?? 0) > 0,
      locked: !attributes.deleteEnabled || !attributes.writeEnabled || (about?.locked ?? false),
      held: about?.held ?? false,
      ...defined({ quarantine: about?.quarantine, purgeDueAt: about?.purgeDueAt }),
    },
    ...defined({
      regions:
        regions > 1 ? { complete: Math.min(regions, 1 + (about?.regions.size ?? 0)), total: regions } : undefined,
    }),
  };
}
