import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName, Tag } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Predicate, QueryDocuments, ReadDocument, VersionedDocument } from '../../core/ports/documents.ts';
import type { RepositoryFigures, StoredFigures, TagPulls, UsageViews } from '../../core/ports/views.ts';
import type { ImagePulls } from './counters.ts';
import { imagePullsSchema, pullsOfTagId, wholeRegistry } from './counters.ts';
import { totalSchema } from './documents.ts';
import { countsIn, periodOf } from './period.ts';
import { repositorySizesSchema } from './sizes/documents.ts';
import { forecast } from './sizes/forecast.ts';
import { readSurvey } from './sizes/survey.ts';

const dayMs = 24 * 3600_000;
const shownDays = 30;

interface Ports {
  readonly documents: ReadDocument & QueryDocuments;
  readonly clock: Clock;
  readonly quotaBytes: number;
}

/** Makes what views show of usage. */
export function usageViews(ports: Ports): UsageViews {
  return {
    tagPulls: (key, tags) => tagPulls(ports, key, tags),
    pulledTags: (key, page) => pulledTags(ports, key, page),
    figures: (registry, names) => figures(ports, registry, names),
    ranked: (registry, by, page) => ranked(ports, registry, by, page),
    stored: (registry) => stored(ports, registry),
    activity: (registry) => activity(ports, registry),
  };
}

function pullsOf({ lastPull, days }: ImagePulls, now: Date): TagPulls {
  const first = new Date(now.getTime() - (shownDays - 1) * dayMs).toISOString().slice(0, 10);
  const pulls30d = Object.entries(days)
    .filter(([day]) => day >= first)
    .reduce((sum, [, { pulls }]) => sum + pulls, 0);
  return { ...defined({ lastPull }), pulls30d };
}

async function tagPulls(
  { documents, clock }: Ports,
  key: RepositoryKey,
  tags: readonly string[],
): Promise<ReadonlyMap<string, TagPulls>> {
  if (tags.length === 0) return new Map();
  const query = {
    container: 'usage' as const,
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'in' as const, values: tags.map((tag) => pullsOfTagId(tag as Tag)) }],
    limit: tags.length,
  };
  const found = new Map<string, TagPulls>();
  for await (const each of documentsOf(documents, query)) {
    const { document } = parseStored(imagePullsSchema, each, query);
    found.set(document.name, pullsOf(document, clock.now()));
  }
  return found;
}

async function pulledTags(
  { documents, clock }: Ports,
  key: RepositoryKey,
  { direction, limit, continuation }: Parameters<UsageViews['pulledTags']>[1],
): ReturnType<UsageViews['pulledTags']> {
  const query = {
    container: 'usage' as const,
    partition: partitionOf(key),
    where: [
      { path: 'of', is: '=' as const, value: 'tag' },
      { path: 'lastPull', is: '>' as const, value: '' },
    ],
    orderBy: { path: 'lastPull', direction },
    limit,
    ...defined({ continuation }),
  };
  const page = await documents.queryDocuments(query);
  const items = page.documents.map((each) => {
    const { document } = parseStored(imagePullsSchema, each, query);
    return [document.name, pullsOf(document, clock.now())] as const;
  });
  return { items, ...defined({ continuation: page.continuation }) };
}

const figuresSchema = z.union([totalSchema, repositorySizesSchema]);

async function figures(
  { documents }: Ports,
  registry: RegistryName,
  names: readonly string[],
): Promise<ReadonlyMap<string, RepositoryFigures>> {
  const found = new Map<string, RepositoryFigures>();
  if (names.length === 0) return found;
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'repository', is: 'in', values: names },
      { path: 'type', is: 'in', values: ['usage-total', 'usage-sizes'] },
    ] satisfies Predicate[],
    limit: 2 * names.length,
  };
  for await (const each of documentsOf(documents, query)) {
    const { document } = parseStored<z.infer<typeof figuresSchema>>(figuresSchema, each, query);
    found.set(document.repository, { ...found.get(document.repository), ...figuresIn(document) });
  }
  return found;
}

function figuresIn(document: z.infer<typeof figuresSchema>): RepositoryFigures {
  if (document.type === 'usage-sizes')
    return { uniqueBytes: document.uniqueBytes, ...defined({ tags: document.tags }) };
  const { images, bytes, pulls, lastPush, lastPull } = document;
  return { manifests: images, bytes, pulls, ...defined({ lastPush, lastPull }) };
}

async function ranked(
  { documents }: Ports,
  registry: RegistryName,
  by: Parameters<UsageViews['ranked']>[1],
  { direction, limit, continuation }: Parameters<UsageViews['ranked']>[2],
): ReturnType<UsageViews['ranked']> {
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'usage-total' },
      { path: 'repository', is: '!=', value: wholeRegistry(registry).repository },
      by === 'bytes' ? { path: by, is: '>=', value: 0 } : { path: by, is: '>', value: '' },
    ] satisfies Predicate[],
    orderBy: { path: by, direction },
    limit,
    ...defined({ continuation }),
  };
  const page = await documents.queryDocuments(query);
  const nameOf = (found: VersionedDocument) => parseStored(totalSchema, found, query).document.repository;
  return { items: page.documents.map(nameOf), ...defined({ continuation: page.continuation }) };
}

async function stored({ documents, quotaBytes }: Ports, registry: RegistryName): Promise<StoredFigures | undefined> {
  const survey = await readSurvey(documents, registry);
  if (survey === undefined) return undefined;
  const { storedBytes, uniqueBytes, sharedBytes, recycledBytes, unneededBytes, measuredAt, counts } = survey;
  const { fullAt } = forecast(survey.samples, quotaBytes);
  return {
    bytes: {
      stored: storedBytes,
      unique: uniqueBytes,
      shared: sharedBytes,
      recycled: recycledBytes,
      unneeded: unneededBytes,
      measuredAt,
    },
    quota: {
      limitBytes: quotaBytes,
      usedBytes: storedBytes,
      share: quotaBytes === 0 ? 0 : storedBytes / quotaBytes,
      ...defined({ fullAt }),
    },
    ...defined({ counts }),
  };
}

async function activity({ documents, clock }: Ports, registry: RegistryName): ReturnType<UsageViews['activity']> {
  const now = clock.now();
  const dayBefore = (days: number) => new Date(now.getTime() - days * dayMs).toISOString().slice(0, 10);
  const period = periodOf({ from: `${dayBefore(shownDays - 1)}T00:00:00Z`, by: 'day' }, now);
  const { series } = await countsIn(documents, wholeRegistry(registry), period);
  const byDay = new Map(series.map(({ at, pulls, pushes }) => [at.slice(0, 10), { pulls, pushes }]));
  return Array.from({ length: shownDays }, (_, at) => {
    const day = dayBefore(shownDays - 1 - at);
    return { day, ...(byDay.get(day) ?? { pulls: 0, pushes: 0 }) };
  });
}
