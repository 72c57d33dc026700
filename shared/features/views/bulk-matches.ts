import { inBatches } from '../../core/documents/batches.ts';
import { manifestDocumentSchema, tagDocumentSchema, tagId } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { allStored } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { CountDocuments, Predicate, QueryDocuments } from '../../core/ports/documents.ts';
import type { Bulk, Step } from './bulk-documents.ts';
import { searchOf } from './search.ts';
import { unnamedAmong } from './untagged.ts';

interface Reader {
  readonly documents: QueryDocuments;
}

type Which = Pick<Bulk, 'registry' | 'repository' | 'search' | 'pushedBefore' | 'untagged' | 'createdAt'>;

/** A part of what matches. `place` is the id of the last document that was looked at; absent at the end. */
export interface Matches {
  readonly items: Step;
  readonly place?: string;
}

/**
 * Reads what matches behind a place, in the order of the ids. What was pushed since the deletion was asked for does not
 * match: nobody has seen it.
 */
export async function matchesBehind(
  ports: Reader,
  which: Which,
  place: string | undefined,
  limit: number,
): Promise<Matches> {
  const type = typeOf(which);
  const search = searchOf(which.search);
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(which),
    where: conditionsOf(which, place),
    orderBy: { path: 'id', direction: 'asc' as const },
    limit,
  };
  const page = await ports.documents.queryDocuments(query);
  const last = page.documents.at(-1)?.document.id;
  const end = page.continuation === undefined || last === undefined ? {} : { place: last };
  if (type === 'tag') {
    const tags = page.documents.map((found) => parseStored(tagDocumentSchema, found, query).document);
    const items = tags.filter(({ name }) => search.matches(name)).map(({ name, digest }) => ({ tag: name, digest }));
    return { items, ...end };
  }
  const manifests = page.documents.map((found) => parseStored(manifestDocumentSchema, found, query).document);
  const unnamed = await unnamedAmong(ports, which, manifests);
  const items = manifests.filter(({ digest }) => unnamed.has(digest)).map(({ digest }) => ({ digest }));
  return { items, ...end };
}

function typeOf({ untagged }: Pick<Which, 'untagged'>): 'manifest' | 'tag' {
  return untagged === true ? 'manifest' : 'tag';
}

function conditionsOf(which: Which, place: string | undefined): Predicate[] {
  const type = typeOf(which);
  const from = type === 'tag' ? `${type}:${searchOf(which.search).prefix}` : `${type}:`;
  return [
    { path: 'id', is: place === undefined ? '>=' : '>', value: place ?? from },
    // A tilde stands behind all that tags and digests contain.
    { path: 'id', is: '<', value: `${from}~` },
    { path: 'updatedAt', is: '<=', value: which.createdAt },
    ...(which.pushedBefore === undefined
      ? []
      : [{ path: 'updatedAt', is: '<' as const, value: new Date(which.pushedBefore).toISOString() }]),
  ];
}

/** The documents of one query: of tags many, of manifests as many as one look at their names takes. */
export function atOnce({ untagged }: Pick<Bulk, 'untagged'>): number {
  return untagged === true ? 100 : 1_000;
}

/** So many documents are looked at for an answer, because the caller waits for it. */
const mostExamined = 100_000;

/**
 * Counts all that matches: a beginning by the index, a pattern and untagged manifests by looking at them. Throws
 * `RegistryError` (`conflict`) where that are too many.
 */
export async function countMatches(
  ports: Reader & { readonly documents: CountDocuments },
  which: Which,
): Promise<number> {
  if (typeOf(which) === 'tag' && searchOf(which.search).isPrefix)
    return ports.documents.countDocuments({
      container: 'repositories',
      partition: partitionOf(which),
      where: conditionsOf(which, undefined),
    });
  let [count, place]: [number, string | undefined] = [0, undefined];
  for (let lookedAt = 0; ; lookedAt += atOnce(which)) {
    if (lookedAt >= mostExamined)
      throw new RegistryError({
        is: 'conflict',
        code: 'tooManyToCount',
        why: `more than ${mostExamined} have to be looked at, so nothing is deleted: begin the search with letters that all have`,
      });
    const found: Matches = await matchesBehind(ports, which, place, atOnce(which));
    count += found.items.length;
    if (found.place === undefined) return count;
    place = found.place;
  }
}

/** Finds the picked tags that are there, with their digests, in the order in which they were picked. */
export async function pickedTags(
  ports: Reader,
  key: RepositoryKey,
  names: readonly Tag[],
  pushedBefore: string | undefined,
): Promise<{ readonly tag: Tag; readonly digest: Step[number]['digest'] }[]> {
  const pages = await Promise.all(
    inBatches([...new Set(names)], 200).map((some) =>
      allStored(
        ports.documents,
        {
          container: 'repositories',
          partition: partitionOf(key),
          where: [{ path: 'id', is: 'in', values: some.map((name) => tagId(name)) }],
          limit: some.length,
        },
        tagDocumentSchema,
      ),
    ),
  );
  const before = pushedBefore === undefined ? Infinity : Date.parse(pushedBefore);
  const found = new Map(
    pages
      .flat()
      .filter(({ document }) => Date.parse(document.updatedAt) < before)
      .map(({ document }) => [document.name, document.digest]),
  );
  return [...new Set(names)].flatMap((tag) => {
    const digest = found.get(tag);
    return digest === undefined ? [] : [{ tag, digest }];
  });
}
