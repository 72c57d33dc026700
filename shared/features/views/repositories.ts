import { z } from 'zod';
import { inBatches } from '../../core/documents/batches.ts';
import { defined } from '../../core/documents/defined.ts';
import { allStored, eachPage, firstOf, pagesFrom, storedOf } from '../../core/documents/pages.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema } from '../../core/documents/repository.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { Ranking, RepositoryFigures } from '../../core/ports/views.ts';
import type { ListPorts } from './ports.ts';
import type { RepositoriesQuery, RepositoryRow } from './repositories-wire.ts';
import type { Search } from './search.ts';
import { searchOf } from './search.ts';

/** `after` is the name that the page before ended with, `ranked` a token of the store in the list of what has a figure. */
const placeSchema = z.object({
  after: z.string().optional(),
  ranked: z.string().optional(),
  /** The figure of that repository, in a list that is searched. */
  figure: z.union([z.string(), z.number()]).optional(),
});
type Place = z.infer<typeof placeSchema>;

const rankingOf = { pushed: 'lastPush', pulled: 'lastPull', size: 'bytes' } as const satisfies Record<string, Ranking>;

interface Asked {
  readonly prefix: string;
  readonly search: Search;
  readonly direction: 'asc' | 'desc';
  readonly limit: number;
}

interface Found {
  readonly entries: readonly RepositoryDocument[];
  readonly figures?: ReadonlyMap<string, RepositoryFigures>;
  readonly next?: Place;
  readonly total?: number;
  readonly isAtLeast?: boolean;
}

export interface RepositoryPage {
  readonly items: RepositoryRow[];
  readonly total: number;
  readonly totalIsAtLeast?: boolean;
  readonly continuation?: string;
}

/**
 * Returns a page of the repositories with their figures. In the order of a figure those come last of which it is not
 * known. Throws `RegistryError` (`request-invalid`).
 */
export async function repositoryRows(ports: ListPorts, query: RepositoriesQuery): Promise<RepositoryPage> {
  const { sort, limit, continuation, prefix = '' } = query;
  const direction = query.order ?? (sort === 'name' ? 'asc' : 'desc');
  const list = ['repositories', ports.registry, prefix, query.search ?? '', sort, direction];
  const place = ports.places.open(list, continuation, placeSchema) ?? {};
  const asked: Asked = { prefix, search: partOf(query.search), direction, limit };
  const isSearched = asked.search.prefix !== '' || !asked.search.isPrefix || (prefix !== '' && sort !== 'name');
  const [found, counted] = await Promise.all([
    isSearched
      ? searched(ports, asked, place, sort)
      : sort === 'name' || place.after !== undefined
        ? named(ports, asked, place, sort)
        : ranked(ports, asked, place, rankingOf[sort]),
    isSearched ? 0 : countNamed(ports, asked),
  ]);
  const total = found.total ?? counted;
  const figures =
    found.figures ??
    (await ports.usageViews.figures(
      ports.registry,
      found.entries.map(({ repository }) => repository),
    ));
  return {
    items: found.entries.map((entry) => rowOf(entry, figures.get(entry.repository))),
    total,
    ...defined({
      totalIsAtLeast: found.isAtLeast === true ? true : undefined,
      continuation: found.next === undefined ? undefined : ports.places.seal(list, found.next),
    }),
  };
}

/** A search of repositories finds a part of the name, unless it is a pattern. */
function partOf(search: string | undefined): Search {
  const text = search ?? '';
  return searchOf(text === '' || text.includes('*') ? text : `*${text}*`);
}

const catalogPage = 1_000;

function catalogQuery({ registry }: ListPorts, where: readonly Predicate[], direction: 'asc' | 'desc', limit: number) {
  return {
    container: 'registries' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'repository' } as const,
      { path: 'state', is: '=', value: 'live' } as const,
      ...where,
    ],
    orderBy: { path: 'repository', direction },
    limit,
  };
}

function startsWith(prefix: string): Predicate[] {
  return prefix === '' ? [] : [{ path: 'repository', is: 'starts-with', value: prefix }];
}

/** Counts what begins with the prefix, from the index. */
function countNamed({ documents, registry }: ListPorts, { prefix }: Asked): Promise<number> {
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'repository' },
    { path: 'state', is: '=', value: 'live' },
    ...startsWith(prefix),
  ];
  return documents.countDocuments({ container: 'registries', partition: [registry], where });
}

const figuresAtOnce = 500;

/** A search looks at so many repositories at most, the first by their names. */
const mostSearched = 50_000;
/** A page of those without a figure, or with one, is made of so many queries at most; it may be short then. */
const mostQueries = 20;

/** Reads the names that match and orders them here: there are few repositories beside the tags that they have. */
async function searched(
  ports: ListPorts,
  { prefix, search, direction, limit }: Asked,
  place: Place,
  sort: RepositoriesQuery['sort'],
): Promise<Found> {
  const query = catalogQuery(ports, startsWith(prefix), 'asc', catalogPage);
  const examined = await firstOf(mostSearched, storedOf(ports.documents, query, repositoryDocumentSchema));
  const matching = examined.map(({ document }) => document).filter(({ repository }) => search.matches(repository));
  const figures = sort === 'name' ? undefined : await figuresOf(ports, matching);
  const ranks = matching.map((entry) => ({
    entry,
    after: entry.repository,
    ...defined({ figure: sort === 'name' ? undefined : figures?.get(entry.repository)?.[rankingOf[sort]] }),
  }));
  const compare = comparing(direction, sort === 'name');
  const { after } = place;
  const behind = after === undefined ? ranks : ranks.filter((each) => compare(each, { ...place, after }) > 0);
  const shown = behind.sort(compare).slice(0, limit);
  const last = shown.at(-1);
  return {
    entries: shown.map(({ entry }) => entry),
    total: matching.length,
    isAtLeast: examined.length === mostSearched,
    ...defined({
      figures,
      next:
        last === undefined || behind.length <= limit
          ? undefined
          : { after: last.after, ...defined({ figure: last.figure }) },
    }),
  };
}

interface Rank {
  readonly after: string;
  readonly figure?: string | number | undefined;
}

/** Compares by the figure: those without one come last, by their names. */
function comparing(direction: 'asc' | 'desc', byName: boolean): (a: Rank, b: Rank) => number {
  const sign = direction === 'asc' ? 1 : -1;
  const names = (a: Rank, b: Rank) => (a.after < b.after ? -1 : Number(a.after > b.after));
  return (a, b) => {
    if (byName) return sign * names(a, b);
    if (a.figure === undefined || b.figure === undefined)
      return Number(a.figure === undefined) - Number(b.figure === undefined) || names(a, b);
    return a.figure === b.figure ? names(a, b) : a.figure < b.figure ? -sign : sign;
  };
}

async function figuresOf(
  { usageViews, registry }: ListPorts,
  entries: readonly RepositoryDocument[],
): Promise<ReadonlyMap<string, RepositoryFigures>> {
  const all = await Promise.all(
    inBatches(
      entries.map(({ repository }) => repository),
      figuresAtOnce,
    ).map((names) => usageViews.figures(registry, names)),
  );
  return new Map(all.flatMap((some) => [...some]));
}

/** Lists repositories by their names; with another order those alone of which the figure is not known. */
async function named(
  ports: ListPorts,
  { prefix, direction, limit }: Asked,
  { after }: Place,
  sort: RepositoriesQuery['sort'],
): Promise<Found> {
  const towards = sort === 'name' ? direction : 'asc';
  const behind: Predicate[] =
    after === undefined || after === ''
      ? []
      : [{ path: 'repository', is: towards === 'asc' ? '>' : '<', value: after }];
  const atOnce = sort === 'name' ? limit + 1 : figuresAtOnce;
  const query = catalogQuery(ports, [...startsWith(prefix), ...behind], towards, atOnce);
  const entries: RepositoryDocument[] = [];
  let queries = 0;
  for await (const { documents, isLast } of eachPage(ports.documents, query)) {
    const read = documents.map((each) => parseStored(repositoryDocumentSchema, each, query).document);
    const known = sort === 'name' ? undefined : await figuresOf(ports, read);
    for (const entry of read) {
      if (sort !== 'name' && known?.get(entry.repository)?.[rankingOf[sort]] !== undefined) continue;
      if (entries.length === limit) return { entries, next: { after: entries.at(-1)?.repository ?? '' } };
      entries.push(entry);
    }
    queries += 1;
    const last = read.at(-1);
    if (!isLast && queries >= mostQueries && last !== undefined) return { entries, next: { after: last.repository } };
  }
  return { entries };
}

/** Lists repositories in the order of a figure. The catalog says which of them are there. */
async function ranked(ports: ListPorts, { direction, limit }: Asked, place: Place, by: Ranking): Promise<Found> {
  const entries: RepositoryDocument[] = [];
  let queries = 0;
  const pages = pagesFrom(place.ranked, (continuation) =>
    ports.usageViews.ranked(ports.registry, by, { direction, limit: limit - entries.length, continuation }),
  );
  for await (const { items, continuation } of pages) {
    entries.push(...(await entriesOf(ports, items)));
    queries += 1;
    if (continuation !== undefined && (entries.length === limit || queries >= mostQueries))
      return { entries, next: { ranked: continuation } };
  }
  const asked = { prefix: '', search: searchOf(undefined), direction, limit: limit - entries.length };
  if (asked.limit === 0) return { entries, next: { after: '' } };
  // The page goes on with those of which the figure is not known.
  const rest = await named(ports, asked, { after: '' }, sortOf(by));
  return { ...rest, entries: [...entries, ...rest.entries] };
}

function sortOf(by: Ranking): RepositoriesQuery['sort'] {
  return by === 'lastPush' ? 'pushed' : by === 'lastPull' ? 'pulled' : 'size';
}

async function entriesOf(ports: ListPorts, names: readonly string[]): Promise<RepositoryDocument[]> {
  if (names.length === 0) return [];
  const query = catalogQuery(ports, [{ path: 'repository', is: 'in', values: names }], 'asc', names.length);
  const found = await allStored(ports.documents, query, repositoryDocumentSchema);
  const byName = new Map(found.map(({ document }): [string, RepositoryDocument] => [document.repository, document]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

function rowOf(entry: RepositoryDocument, figures: RepositoryFigures = {}): RepositoryRow {
  const { repository, createdAt, attributes } = entry;
  return { name: repository, createdAt, ...defined(figures), attributes };
}
