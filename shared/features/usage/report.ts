import { defined } from '../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { QueryDocuments, ReadDocument, VersionedDocument } from '../../core/ports/documents.ts';
import type { ImagePulls } from './counters.ts';
import { daySchema, imagePullsSchema, pullsOfDigestId, pullsOfTagId, wholeRegistry } from './counters.ts';
import type { Counts } from './counts.ts';
import { noCounts } from './counts.ts';
import { totalSchema, usageRef } from './documents.ts';
import type { Period, PeriodCounts } from './period.ts';
import { countsIn, imageCountsIn, periodOf } from './period.ts';
import { repositorySizesSchema, sizesId } from './sizes/documents.ts';
import { imageSizes, tagSizes } from './sizes/image.ts';
import { readSurvey } from './sizes/survey.ts';
import { readTotals } from './totals.ts';
import { readTracking } from './tracking.ts';
import type { Order, UsageOnWire, UsageQuery } from './wire.ts';

export interface ReportPorts {
  readonly documents: ReadDocument & QueryDocuments;
  readonly clock: Clock;
}

/**
 * Returns the usage of a registry, a repository, a tag or a digest. Returns `undefined` when nothing ever happened
 * there. Throws `RegistryError` (`request-invalid`) and `StoreFailure`.
 */
export async function usageOf(
  { documents, clock }: ReportPorts,
  registry: RegistryName,
  query: UsageQuery,
): Promise<UsageOnWire | undefined> {
  const period = periodOf(query, clock.now());
  const { repository } = query;
  const [trackedSince, found] = await Promise.all([
    readTracking(documents, registry),
    repository === undefined
      ? ofRegistry(documents, registry, period)
      : ofContent(documents, { registry, repository }, query, period),
  ]);
  return found === undefined ? undefined : { registry, ...defined({ trackedSince }), ...found };
}

type Found = Omit<UsageOnWire, 'registry' | 'trackedSince'>;

function ofContent(
  documents: ReportPorts['documents'],
  key: RepositoryKey,
  query: UsageQuery,
  period: Period,
): Promise<Found | undefined> {
  return query.tag === undefined && query.digest === undefined
    ? ofRepository(documents, key, period)
    : ofImage(documents, key, query, period);
}

async function ofRegistry(documents: ReportPorts['documents'], registry: RegistryName, period: Period): Promise<Found> {
  const key = wholeRegistry(registry);
  const [total, counted, survey] = await Promise.all([
    readTotals(documents, key),
    countsIn(documents, key, period),
    readSurvey(documents, registry),
  ]);
  const sizes =
    survey === undefined
      ? undefined
      : pick(survey, [
          'uniqueBytes',
          'sharedBytes',
          'recycledBytes',
          'unneededBytes',
          'unlinkedBytes',
          'storedBytes',
          'measuredAt',
        ]);
  return { ...countsOf(total ?? noCounts), ...defined({ sizes }), period: onWire(period, counted) };
}

async function ofRepository(
  documents: ReportPorts['documents'],
  key: RepositoryKey,
  period: Period,
): Promise<Found | undefined> {
  const [total, counted, sizes, last] = await Promise.all([
    readTotals(documents, key),
    countsIn(documents, key, period),
    readStored(documents, repositorySizesSchema, usageRef(key, sizesId)),
    lastTimes(documents, key),
  ]);
  if (total === undefined) return undefined;
  const held = defined({
    sizes:
      sizes === undefined
        ? undefined
        : {
            ...pick(sizes.document, ['uniqueBytes', 'sharedBytes', 'recycledBytes', 'unneededBytes', 'measuredAt']),
            freedBytes: sizes.document.uniqueBytes,
          },
  });
  return {
    repository: key.repository,
    ...countsOf(total),
    images: total.images,
    bytes: total.bytes,
    ...last,
    ...held,
    period: onWire(period, counted),
  };
}

async function ofImage(
  documents: ReportPorts['documents'],
  key: RepositoryKey,
  { tag, digest }: UsageQuery,
  period: Period,
): Promise<Found | undefined> {
  const id = tag !== undefined ? pullsOfTagId(tag) : digest !== undefined ? pullsOfDigestId(digest) : '';
  const [counted, current] = await Promise.all([
    readStored(documents, imagePullsSchema, usageRef(key, id)),
    tag === undefined ? undefined : readStored(documents, tagDocumentSchema, tagRef(key, tag)),
  ]);
  const manifest = digest ?? current?.document.digest;
  const sizes =
    manifest === undefined ? undefined : await (tag === undefined ? imageSizes : tagSizes)(documents, key, manifest);
  if (counted === undefined && sizes === undefined) return undefined;
  const image: Pick<ImagePulls, 'days' | 'byClient' | 'byRegion'> = counted?.document ?? {
    days: {},
    byClient: {},
    byRegion: {},
  };
  const named = {
    repository: key.repository,
    ...defined({ tag, digest: manifest }),
  };
  return {
    ...named,
    ...countsOf(counted?.document ?? noCounts),
    ...timesOf(counted?.document ?? {}),
    ...defined({ sizes }),
    period: onWire(period, imageCountsIn(image, period)),
  };
}

/** Reads the last times of a repository from its days, of which the latest that has one has the last. */
async function lastTimes(
  documents: QueryDocuments,
  key: RepositoryKey,
): Promise<Pick<Found, 'lastPull' | 'lastHead' | 'lastPush'>> {
  const found = await Promise.all(
    (['lastPull', 'lastHead', 'lastPush'] as const).map(async (kind) => {
      const partition = partitionOf(key);
      const page = await documents.queryDocuments({
        container: 'usage',
        partition,
        where: [{ path: 'type', is: '=', value: 'usage-day' }],
        orderBy: { path: kind, direction: 'desc' },
        limit: 1,
      });
      const [latest] = page.documents;
      const at =
        latest === undefined
          ? undefined
          : parseStored(daySchema, latest, { container: 'usage', partition }).document[kind];
      return defined({ [kind]: at });
    }),
  );
  return Object.assign({}, ...found) as Pick<Found, 'lastPull' | 'lastHead' | 'lastPush'>;
}

const lists: Readonly<Record<Order, { readonly type: string; readonly path: string }>> = {
  size: { type: 'usage-sizes', path: 'heldBytes' },
  waste: { type: 'usage-sizes', path: 'wasteBytes' },
  pulls: { type: 'usage-total', path: 'pulls' },
  pushes: { type: 'usage-total', path: 'pushes' },
};

/** Returns the repositories with most of something, from the index. Throws `StoreFailure`. */
export async function topRepositories(
  documents: QueryDocuments,
  registry: RegistryName,
  by: Order,
  limit: number,
): Promise<{ repository: string; value: number }[]> {
  const { type, path } = lists[by];
  const where = [
    { path: 'type', is: '=' as const, value: type },
    { path: 'repository', is: '!=' as const, value: wholeRegistry(registry).repository },
  ];
  const page = await documents.queryDocuments({
    container: 'usage',
    partition: [registry],
    where,
    orderBy: { path, direction: 'desc' },
    limit,
  });
  return page.documents.map((found) => ranked(found, by, registry));
}

function ranked(found: VersionedDocument, by: Order, registry: RegistryName): { repository: string; value: number } {
  const where = { container: 'usage', partition: [registry] };
  if (by === 'size' || by === 'waste') {
    const { repository, heldBytes, wasteBytes } = parseStored(repositorySizesSchema, found, where).document;
    return { repository, value: by === 'size' ? heldBytes : wasteBytes };
  }
  const { repository, pulls, pushes } = parseStored(totalSchema, found, where).document;
  return { repository, value: by === 'pulls' ? pulls : pushes };
}

/** Reads the survey. Throws `RegistryError` (`thing-unknown`) before the first one. */
export async function requireSurvey(documents: ReadDocument, registry: RegistryName) {
  const survey = await readSurvey(documents, registry);
  if (survey === undefined)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'surveyNotFound',
      what: 'survey of the stored bytes yet: the first one is made within a minute of the first push',
    });
  return survey;
}

function onWire({ from, to, by }: Period, counted: PeriodCounts): UsageOnWire['period'] {
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    by,
    ...counted,
    byClient: { ...counted.byClient },
    byRegion: { ...counted.byRegion },
    series: [...counted.series],
  };
}

function countsOf({ pulls, heads, blobPulls, pushes }: Counts): Counts {
  return { pulls, heads, blobPulls, pushes };
}

function timesOf({
  lastPull,
  lastHead,
  lastPush,
}: Partial<ImagePulls>): Pick<Found, 'lastPull' | 'lastHead' | 'lastPush'> {
  return {
    ...defined({ lastPull, lastHead, lastPush }),
  };
}

function pick<T, K extends keyof T>(from: T, kinds: readonly K[]): Pick<T, K> {
  return Object.fromEntries(kinds.map((kind) => [kind, from[kind]])) as Pick<T, K>;
}
