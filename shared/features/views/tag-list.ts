import { z } from 'zod';
import { trimEnd } from '../../core/dockerfile/spaces.ts';
import { defined } from '../../core/documents/defined.ts';
import type { TagDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema, tagId } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { allStored, pagesFrom } from '../../core/documents/pages.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { behindTagPlaces, naturalPrefix, tagPlace } from '../../core/documents/tag-row.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { TagPulls } from '../../core/ports/views.ts';
import type { ListPorts } from './ports.ts';
import type { Search } from './search.ts';
import { beginning } from './search.ts';

/** A tag with its pulls, where the list has read them anyway. */
export interface Listed {
  readonly tag: TagDocument;
  readonly pulls?: TagPulls | undefined;
}

export interface ListedPage {
  readonly items: readonly Listed[];
  /** The place of the next page; absent on the last one. */
  readonly next?: Place;
  /** The number of all that match, where the list knows it. */
  readonly counted?: { readonly total: number; readonly isAtLeast: boolean };
}

export interface TagListing {
  readonly key: RepositoryKey;
  readonly entry: RepositoryDocument;
  readonly search: Search;
  readonly sort: 'name' | 'pushed' | 'pulled' | 'size';
  readonly direction: 'asc' | 'desc';
  readonly limit: number;
}

/** `after` is a place in the order of the index, `pulled` a token of the store in the list of what was pulled. */
export const placeSchema = z.object({
  after: z.string().optional(),
  pulled: z.string().optional(),
  /** The number of pulled tags so far: when it is that of all tags, none is left that never was. */
  seen: z.int().nonnegative().optional(),
  total: z.int().nonnegative().optional(),
  isAtLeast: z.boolean().optional(),
});
export type Place = z.infer<typeof placeSchema>;

type OrderedBy = 'byName' | 'bySize' | 'byTime' | 'id';

/** A pattern that names no beginning is examined for in so many tags for one page, a thousand at once. */
const tagsAtOnce = 1_000;
const tagsExamined = 10_000;

/** Reads one page of the tags that match, in their order. */
export async function tagPage(ports: ListPorts, listing: TagListing, place: Place): Promise<ListedPage> {
  if (listing.sort === 'pulled') return pulledPage(ports, listing, place);
  return listing.search.isPrefix ? indexedPage(ports, listing, place) : searchedPage(ports, listing, place);
}

/** Tags from before there were places are listed by their ids until their repository has been walked through. */
function orderOf({ sort, entry }: TagListing): OrderedBy {
  if (sort === 'pushed') return 'byTime';
  if (entry.placed !== true) return 'id';
  return sort === 'size' ? 'bySize' : 'byName';
}

interface Walked {
  readonly tags: readonly TagDocument[];
  readonly more: boolean;
}

/** Reads tags behind a place, from the index. */
async function walk(
  { documents }: ListPorts,
  listing: TagListing,
  after: string | undefined,
  limit: number,
): Promise<Walked> {
  const partition = partitionOf(listing.key);
  const path = orderOf(listing);
  const query = {
    container: 'repositories' as const,
    partition,
    where: [...rangeOf(path, listing, after), ...beginning('name', listing.search)],
    orderBy: { path, direction: listing.direction },
    // One more than is shown: if there is one, there is a next page.
    limit: limit + 1,
  };
  const page = await documents.queryDocuments(query);
  const tags = page.documents.map((each) => parseStored(tagDocumentSchema, each, query).document);
  return { tags: tags.slice(0, limit), more: tags.length > limit || page.continuation !== undefined };
}

/** There is one bound on each side, so that the index seeks to the place and never scans up to it. */
function rangeOf(path: OrderedBy, { direction, search }: TagListing, after: string | undefined): Predicate[] {
  const [from, to] = path === 'byName' ? namesFrom(search) : [tagPlace, behindTagPlaces];
  return [
    {
      path,
      is: after === undefined || direction === 'desc' ? '>=' : '>',
      value: direction === 'desc' ? from : (after ?? from),
    },
    { path, is: '<', value: direction === 'desc' ? (after ?? to) : to },
  ];
}

/** The part of a beginning before the number that it ends with is the beginning of the keys. */
function namesFrom({ prefix }: Search): [from: string, to: string] {
  const from = `${tagPlace}${naturalPrefix(trimEnd(prefix, isDigit))}`;
  // A tilde stands behind all that keys contain.
  return from === tagPlace ? [tagPlace, behindTagPlaces] : [from, `${from}~`];
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function placeIn(tag: TagDocument, listing: TagListing): string {
  return tag[orderOf(listing)] ?? tag.id;
}

async function indexedPage(ports: ListPorts, listing: TagListing, { after }: Place): Promise<ListedPage> {
  const { tags, more } = await walk(ports, listing, after, listing.limit);
  const last = tags.at(-1);
  const items = tags.map((tag) => ({ tag }));
  return more && last !== undefined ? { items, next: { after: placeIn(last, listing) } } : { items };
}

/** Looks at tag after tag, until the page is full and the rest is counted, or enough were examined at. */
async function searchedPage(ports: ListPorts, listing: TagListing, place: Place): Promise<ListedPage> {
  const found: TagDocument[] = [];
  // The first page counts as far as it looks; a later one has the number from it.
  const counts = place.total === undefined;
  let [after, more, matched] = [place.after, true, 0];
  let next: string | undefined;
  for (let seen = 0; more && seen < tagsExamined && (counts || found.length < listing.limit); seen += tagsAtOnce) {
    const walked = await walk(ports, listing, after, tagsAtOnce);
    for (const tag of walked.tags) {
      if (!listing.search.matches(tag.name)) continue;
      matched += 1;
      if (found.length === listing.limit) next ??= placeIn(found.at(-1) ?? tag, listing);
      else found.push(tag);
    }
    const last = walked.tags.at(-1);
    [after, more] = [last === undefined ? after : placeIn(last, listing), walked.more];
  }
  const total = place.total ?? matched;
  const isAtLeast = place.isAtLeast ?? more;
  const end = next ?? (more ? after : undefined);
  return {
    items: found.map((tag) => ({ tag })),
    counted: { total, isAtLeast },
    ...defined({ next: end === undefined ? undefined : { after: end, total, isAtLeast } }),
  };
}

/** A page of what was pulled may be of tags that are gone: so many more are read until one has a tag. */
const pagesExamined = 5;

/** Lists what was pulled, in the order of the last pulls, and then, by their names, what never was. */
async function pulledPage(ports: ListPorts, listing: TagListing, place: Place): Promise<ListedPage> {
  if (place.after !== undefined) return neverPulledPage(ports, listing, place);
  const { key, direction, limit } = listing;
  let seen = place.seen ?? 0;
  let examined = 0;
  const pages = pagesFrom(place.pulled, (continuation) =>
    ports.usageViews.pulledTags(key, { direction, limit, continuation }),
  );
  for await (const { items: pulled, continuation } of pages) {
    const items = await tagsOf(ports, listing, pulled);
    seen += items.length;
    examined += 1;
    if (continuation === undefined)
      // Nothing needs to be left out of what never was pulled if nothing was.
      return items.length === 0
        ? neverPulledPage(ports, listing, { after: '', seen })
        : { items, next: { after: '', seen } };
    if (items.length > 0 || examined === pagesExamined) return { items, next: { pulled: continuation, seen } };
  }
  return neverPulledPage(ports, listing, { after: '', seen });
}

/** Finds the tags that are still there. */
async function tagsOf(
  ports: ListPorts,
  { key, search }: TagListing,
  pulled: readonly (readonly [tag: string, pulls: TagPulls])[],
): Promise<Listed[]> {
  const names = pulled.map(([name]) => name).filter(search.matches);
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'in' as const, values: names.map((name) => tagId(name)) }],
    limit: Math.max(1, names.length),
  };
  const found = names.length === 0 ? [] : await allStored(ports.documents, query, tagDocumentSchema);
  const tags = new Map(found.map(({ document }): [string, TagDocument] => [document.name, document]));
  return pulled.flatMap(([name, pulls]) => {
    const tag = tags.get(name);
    return tag === undefined ? [] : [{ tag, pulls }];
  });
}

async function neverPulledPage(ports: ListPorts, listing: TagListing, place: Place): Promise<ListedPage> {
  const byName: TagListing = { ...listing, sort: 'name', direction: 'asc' };
  const seen = place.seen ?? 0;
  let from = place.after === '' ? {} : place;
  for (let examined = 0; ; examined++) {
    const page = await (listing.search.isPrefix ? indexedPage : searchedPage)(ports, byName, from);
    const names = page.items.map(({ tag }) => tag.name);
    const pulls = await ports.usageViews.tagPulls(listing.key, names);
    const items = page.items
      .filter(({ tag }) => pulls.get(tag.name)?.lastPull === undefined)
      .map(({ tag }) => ({ tag, pulls: pulls.get(tag.name) ?? { pulls30d: 0 } }));
    if (page.next === undefined) return { items };
    if (items.length > 0 || examined === pagesExamined)
      return { items, next: { ...page.next, seen: seen + items.length } };
    from = page.next;
  }
}
