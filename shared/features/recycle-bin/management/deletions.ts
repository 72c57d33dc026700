import pLimit from 'p-limit';
import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { sumOfBytes } from '../../../core/documents/references.ts';
import { notOfThisList } from '../../../core/documents/sealed-pages.ts';
import type { Places } from '../../../core/documents/whole-list.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { Documents, Predicate, VersionedDocument } from '../../../core/ports/documents.ts';
import type { BinDeletion, BinEntry } from './wire.ts';

interface Ports {
  readonly documents: Documents;
  readonly registry: RegistryName;
  readonly places: Places;
  /** Reads an entry of the recycle bin. */
  readonly entryIn: (found: VersionedDocument) => BinEntry;
}

interface Wanted {
  readonly repository?: RepositoryKey['repository'] | undefined;
  readonly limit: number;
  readonly continuation?: string | undefined;
}

interface Page {
  readonly items: readonly BinDeletion[];
  readonly continuation?: string;
}

/**
 * The place behind a deletion: the time of the newest entry that was looked at, and the deletions with such an entry that
 * were looked at. The newest entry of a deletion says where in the list it is.
 */
const placeSchema = z.strictObject({ at: z.string(), behind: z.array(z.string()) });
type Place = z.infer<typeof placeSchema>;

const isEntry: Predicate = { path: 'type', is: 'in', values: ['binned', 'binned-tag'] };
/** Entries that one query reads; a larger deletion has more, and is counted. */
const entriesAtOnce = 100;
/** The deletions that one request looks at: each is one more condition of its next query. A page may be shorter so. */
const mostLookedAt = 150;
const tagsShown = 10;
const readAtOnce = 8;

/**
 * Lists deletions, the newest first, each whole and once, however many entries it has. What is found is left out of the
 * next query, so that a deletion of a hundred thousand entries costs no more than one of a hundred. Throws
 * `RegistryError` (`request-invalid`), `StoreFailure`.
 */
export async function listDeletions(ports: Ports, { repository, limit, continuation }: Wanted): Promise<Page> {
  const list = `deletions ${repository ?? ''}`;
  const start = continuation === undefined ? undefined : placeIn(ports.places.opened(list, continuation));
  const items: BinDeletion[] = [];
  const lookedAt = new Set(start?.behind);
  let place = start;
  while (items.length < limit && lookedAt.size < mostLookedAt) {
    const found = await newestOf(ports, repository, place, lookedAt);
    if (found.length === 0) return { items };
    const deletions = await Promise.all(inLimit(found, (entry) => wholeOf(ports, entry)));
    for (const [index, deletion] of deletions.entries()) {
      const at = found[index]?.recycledAt ?? '';
      lookedAt.add(deletion.group);
      place = { at, behind: [...(place?.at === at ? place.behind : []), deletion.group] };
      // One with a newer entry than the page begins at was on a page before; something came along with it later.
      if (start === undefined || deletion.recycledAt <= start.at) items.push(deletion);
      if (items.length === limit) break;
    }
  }
  return { items, ...defined({ continuation: place && ports.places.sealed(list, JSON.stringify(place)) }) };
}

function placeIn(text: string): Place {
  const place = placeSchema.safeParse(jsonIn(Buffer.from(text)));
  if (!place.success) throw notOfThisList();
  return place.data;
}

/** Returns the newest entry of each deletion that has one among the next entries, in their order. */
async function newestOf(
  { documents, registry, entryIn }: Ports,
  repository: RepositoryKey['repository'] | undefined,
  place: Place | undefined,
  without: ReadonlySet<string>,
): Promise<BinEntry[]> {
  const { documents: found } = await documents.queryDocuments({
    container: 'repositories',
    partition: repository === undefined ? [registry] : [registry, repository],
    where: [
      isEntry,
      ...(place === undefined ? [] : [{ path: 'recycled.recycledAt', is: '<=' as const, value: place.at }]),
      ...[...without].map((group) => ({ path: 'recycled.group', is: '!=' as const, value: group })),
    ],
    orderBy: { path: 'recycled.recycledAt', direction: 'desc' },
    limit: entriesAtOnce,
  });
  const byGroup = Map.groupBy(found.map(entryIn), ({ group }) => group);
  return [...byGroup.values()].flatMap(([newest]) => newest ?? []);
}

/** Reads a deletion by one of its entries. */
async function wholeOf({ documents, registry, entryIn }: Ports, entry: BinEntry): Promise<BinDeletion> {
  const { group, purgeAt, by } = entry;
  const repository = entry.repository as RepositoryKey['repository'];
  const partition = partitionOf({ registry, repository });
  const isOf: Predicate = { path: 'recycled.group', is: '=', value: group };
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition,
    where: [isEntry, isOf],
    orderBy: { path: 'recycled.recycledAt', direction: 'desc' },
    limit: entriesAtOnce,
  });
  const entries = page.documents.map(entryIn);
  const isWhole = page.continuation === undefined;
  const count = (kind: BinEntry['kind'], type: string) =>
    isWhole
      ? entries.filter((each) => each.kind === kind).length
      : documents.countDocuments({
          container: 'repositories',
          partition,
          where: [{ path: 'type', is: '=', value: type }, isOf],
        });
  const [manifests, tags] = await Promise.all([count('manifest', 'binned'), count('tag', 'binned-tag')]);
  return {
    group,
    repository,
    recycledAt: entries[0]?.recycledAt ?? entry.recycledAt,
    purgeAt,
    by,
    manifests,
    tags,
    someTags: entries.flatMap(({ tag }) => tag ?? []).slice(0, tagsShown),
    bytes: sumOfBytes(entries.map(({ size = 0 }) => size)),
    ...defined({ isAtLeast: isWhole ? undefined : (true as const) }),
  };
}

function inLimit<T, R>(all: readonly T[], work: (each: T) => Promise<R>): Promise<R>[] {
  const limit = pLimit(readAtOnce);
  return all.map((each) => limit(() => work(each)));
}
