import pLimit from 'p-limit';
import { manifestDocumentSchema, tagDocumentSchema } from '../../core/documents/manifest.ts';
import { once } from '../../core/documents/once.ts';
import { allStored } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema } from '../../core/documents/repository.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Log } from '../../core/ports/log.ts';
import type { BuildViews, PurgeViews, ReplicationViews, StoredFigures, WebhookViews } from '../../core/ports/views.ts';
import type { Overview, OverviewPart } from './overview-wire.ts';
import type { ListPorts } from './ports.ts';

export interface OverviewPorts extends ListPorts {
  readonly log: Log;
  readonly webhookViews: WebhookViews;
  readonly replicationViews: ReplicationViews;
  readonly buildViews: BuildViews;
  readonly purgeViews: PurgeViews;
}

const mostShown = 10;
/** So many repositories are counted right away; of more, tags and manifests are those of the last survey. */
const countedRepositories = 20;
const countsAtOnce = 8;
const mostCounted = 100;

/** Returns the state of a registry. Its parts are read side by side; one that fails is left out and named. */
export async function overviewOf(ports: OverviewPorts, registry: RegistryName): Promise<Overview> {
  const survey = once(() => ports.usageViews.stored(registry));
  const parts: Readonly<Partial<Record<OverviewPart, () => Promise<unknown>>>> = {
    counts: () => countsOf(ports, registry, survey),
    bytes: async () => (await survey())?.bytes,
    quota: async () => (await survey())?.quota,
    activity: () => ports.usageViews.activity(registry),
    webhooks: () => ports.webhookViews.webhooks(),
    replication: () => ports.replicationViews.regions(),
    builds: () => ports.buildViews.builds(),
    purge: () => ports.purgeViews.plans(),
    held: () => heldIn(ports, registry),
    bin: () => binOf(ports, registry, survey),
    recentPushes: () => recentPushes(ports, registry),
  };
  const unavailable: OverviewPart[] = [];
  const read = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => {
      try {
        return [name, await part()] as const;
      } catch (error) {
        ports.log.warn({ err: error, part: name }, 'a part of the overview could not be read and is left out');
        unavailable.push(name as OverviewPart);
        return [name, undefined] as const;
      }
    }),
  );
  if (unavailable.length === read.length)
    throw new StoreFailure({ dependency: 'documents', kind: 'unavailable', message: 'no part of the overview' });
  const found = Object.fromEntries(read.filter(([, part]) => part !== undefined)) as Omit<Overview, 'registry'>;
  return { registry, ...found, unavailable };
}

type ReadSurvey = () => Promise<StoredFigures | undefined>;

async function countsOf(
  { documents }: OverviewPorts,
  registry: RegistryName,
  survey: ReadSurvey,
): Promise<Overview['counts']> {
  const query = {
    container: 'registries' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'repository' },
      { path: 'state', is: '=' as const, value: 'live' },
    ],
  };
  const repositories = await documents.countDocuments(query);
  if (repositories > countedRepositories) {
    const { tags = 0, manifests = 0 } = (await survey())?.counts ?? {};
    return { repositories, tags, manifests, isExact: false };
  }
  const limit = pLimit(countsAtOnce);
  const entries = await allStored(documents, { ...query, limit: countedRepositories + 1 }, repositoryDocumentSchema);
  const count = async (type: string) => {
    const where = [{ path: 'type', is: '=' as const, value: type }];
    const counts = await Promise.all(
      entries.map(({ document: { repository } }) =>
        limit(() => documents.countDocuments({ container: 'repositories', partition: [registry, repository], where })),
      ),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  };
  const [tags, manifests] = await Promise.all([count('tag'), count('manifest')]);
  return { repositories, tags, manifests, isExact: true };
}

async function heldIn({ documents }: OverviewPorts, registry: RegistryName): Promise<Overview['held']> {
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'manifest' },
      { path: 'verdict.held', is: '=' as const, value: true },
    ],
    limit: mostCounted,
  };
  const page = await documents.queryDocuments(query);
  return { count: page.documents.filter(({ document }) => manifestDocumentSchema.safeParse(document).success).length };
}

async function binOf(
  { documents }: OverviewPorts,
  registry: RegistryName,
  survey: ReadSurvey,
): Promise<Overview['bin']> {
  const [page, figures] = await Promise.all([
    documents.queryDocuments({
      container: 'repositories',
      partition: [registry],
      where: [{ path: 'type', is: 'in', values: ['binned', 'binned-tag'] }],
      limit: mostCounted,
    }),
    survey().catch(() => undefined),
  ]);
  const entries = page.documents.length;
  return figures === undefined ? { entries } : { entries, bytes: figures.bytes.recycled };
}

async function recentPushes({ documents }: OverviewPorts, registry: RegistryName): Promise<Overview['recentPushes']> {
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'byTime', is: '>=' as const, value: 'tag:' },
      { path: 'byTime', is: '<' as const, value: 'tag;' },
    ],
    orderBy: { path: 'byTime', direction: 'desc' as const },
    limit: mostShown,
  };
  const page = await documents.queryDocuments(query);
  return page.documents
    .map((found) => parseStored(tagDocumentSchema, found, query).document)
    .map(({ repository, name, digest, updatedAt }) => ({ repository, tag: name, digest, at: updatedAt }));
}
