import type {
  DocumentPage,
  DocumentQuery,
  Predicate,
  PropertyPredicate,
  VersionedDocument,
} from '../../core/ports/documents.ts';
import { isFullPartition, requireLimit } from '../documentrules.ts';
import { holds, isScalar } from './compare.ts';
import type { DocumentStore } from './documentstore.ts';
import type { IndexRange, Place } from './orderedindex.ts';
import { comparePlaces } from './orderedindex.ts';
import type { Partition, Version } from './partition.ts';
import { creationOrder, indexOf, isMemberPath, memberPath, placeOf } from './partitionindex.ts';

/** The last document's place, and the property it is a place in. */
interface Continuation extends Place {
  readonly path: string;
}

interface Match {
  readonly place: Place;
  readonly version: VersionedDocument;
}

interface Plan extends DocumentQuery {
  readonly path: string;
  readonly descending: boolean;
  readonly after: Place | undefined;
}

/** Runs a query on the store as it was `lagMs` ago. A document without the ORDER BY property is left out. */
export function evaluateQuery(store: DocumentStore, query: DocumentQuery, lagMs: number): DocumentPage {
  requireLimit(query.limit);
  const after = query.continuation === undefined ? undefined : parseContinuation(query.continuation);
  const { container, partition: key = [] } = query;
  // Indexes hold the present documents: a lagging region, and queries over partitions, scan.
  const partition = lagMs === 0 && isFullPartition(container, key) ? store.partition(container, key) : undefined;
  const path =
    query.orderBy?.path ??
    after?.path ??
    (partition === undefined
      ? creationOrder
      : narrowestPath(
          partition,
          query.where.filter(({ is }) => is !== 'contains'),
        ));
  const plan = { ...query, path, descending: query.orderBy?.direction === 'desc', after };
  return pageOf(partition === undefined ? scan(store, plan, lagMs) : seek(store, partition, plan), plan);
}

function pageOf(matches: Iterable<Match>, { limit, path }: Plan): DocumentPage {
  const documents: VersionedDocument[] = [];
  let last: Place | undefined;
  for (const { place, version } of matches) {
    if (documents.length === limit) return { documents, continuation: JSON.stringify({ path, ...last }) };
    documents.push({ document: version.document, etag: version.etag });
    last = { value: place.value, order: place.order };
  }
  return { documents };
}

/** Reads matches in order from the index; but when a condition leaves few documents, those are sorted. */
function* seek(store: DocumentStore, partition: Partition, plan: Plan): Iterable<Match> {
  const index = indexOf(partition, plan.path);
  const range = index.range(plan.where.flatMap(ofProperty).filter(({ path }) => path === plan.path));
  const narrowest = narrowestPath(partition, plan.where);
  const narrow = indexOf(partition, narrowest);
  const narrowRanges = rangesOf(partition, narrowest, plan.where);
  const [all, few] = [range.to - range.from, sizeOf(narrowRanges)];
  // Walking the order takes about limit * all / few steps, sorting takes few.
  if (few * few < plan.limit * all) {
    yield* sorted(
      candidates(
        store,
        partition,
        plan,
        narrowRanges.flatMap((each) => [...narrow.walk(each, false, undefined)].map(({ id }) => id)),
      ),
      plan,
    );
    return;
  }
  for (const place of index.walk(range, plan.descending, plan.after)) {
    const version = matching(store.visible(partition.records.get(place.id), 0), plan);
    if (version !== undefined) yield { place, version };
  }
}

function* candidates(
  store: DocumentStore,
  { records }: Partition,
  plan: Plan,
  ids: Iterable<string>,
  lagMs = 0,
): Iterable<Match> {
  for (const id of ids) {
    const record = records.get(id);
    const version = matching(store.visible(record, lagMs), plan);
    const place =
      record === undefined || version === undefined ? undefined : placeOf(record, version.document, plan.path);
    if (place !== undefined && version !== undefined) yield { place, version };
  }
}

function* scan(store: DocumentStore, plan: Plan, lagMs: number): Iterable<Match> {
  const found: Match[] = [];
  for (const partition of store.partitions(plan.container, plan.partition ?? [])) {
    found.push(...candidates(store, partition, plan, partition.records.keys(), lagMs));
  }
  yield* sorted(found, plan);
}

function sorted(matches: Iterable<Match>, { after, descending }: Plan): Match[] {
  const compare = (a: Place, b: Place) => (descending ? comparePlaces(b, a) : comparePlaces(a, b));
  return [...matches]
    .filter(({ place }) => after === undefined || compare(place, after) > 0)
    .sort((a, b) => compare(a.place, b.place));
}

function matching(version: Version | undefined, { where }: Plan): Version | undefined {
  return version !== undefined && where.every((each) => holds(version.document, each)) ? version : undefined;
}

/**
 * Returns the property whose conditions leave the fewest documents; the order of creation when there is no condition.
 */
function narrowestPath(partition: Partition, where: readonly Predicate[]): string {
  const sizes = [creationOrder, ...where.flatMap(indexed).map(({ path }) => path)].map((path) => ({
    path,
    size: sizeOf(rangesOf(partition, path, where)),
  }));
  return sizes.reduce((best, each) => (each.size < best.size ? each : best)).path;
}

function rangesOf(partition: Partition, path: string, where: readonly Predicate[]): IndexRange[] {
  const conditions = where.flatMap(indexed).filter((each) => each.path === path);
  // Two members of one array may each meet one of two conditions: the range of the first holds all that meet both.
  return indexOf(partition, path).ranges(isMemberPath(path) ? conditions.slice(0, 1) : conditions);
}

/** Writes a predicate as an index knows it: each property that a member must have is a path of its own. */
function indexed(predicate: Predicate): PropertyPredicate[] {
  if (predicate.is !== 'contains') return ofProperty(predicate);
  return Object.entries(predicate.value).map(([property, value]) => ({
    path: memberPath(predicate.path, property),
    is: '=',
    value,
  }));
}

/** An alternative narrows no range of one property. */
function ofProperty(predicate: Predicate): PropertyPredicate[] {
  return predicate.is === 'either' ? [] : [predicate];
}

function sizeOf(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function parseContinuation(continuation: string): Continuation {
  const { path, value, order } = JSON.parse(continuation) as Partial<Record<keyof Continuation, unknown>>;
  if (typeof path !== 'string' || !isScalar(value) || typeof order !== 'number')
    throw new TypeError(`${continuation} is no continuation`);
  return { path, value, order };
}
