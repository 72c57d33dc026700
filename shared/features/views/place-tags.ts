import { z } from 'zod';
import { patching } from '../../core/documents/changes.ts';
import { collection } from '../../core/documents/collection.ts';
import { defined } from '../../core/documents/defined.ts';
import { storedAmong } from '../../core/documents/in-repository.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { childrenOf, manifestDocumentSchema, tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { storedOf } from '../../core/documents/pages.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { documentShape, parseStored } from '../../core/documents/stored.ts';
import { ownBytes, tagRowOf } from '../../core/documents/tag-facts.ts';
import { behindTagPlaces, tagPlace, tagPlaces } from '../../core/documents/tag-row.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents, Predicate } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';

interface Ports {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: RegistryName;
}

/** The progress of the walk through the repositories. */
const walkSchema = z.object({
  ...documentShape('tag-places'),
  registry: registrySchema,
  /** The repository that the walk has come to, and the id of its last tag that has its places. */
  repository: repositorySchema.optional(),
  tag: z.string().optional(),
  /** The time at which the last whole walk ended. */
  endedAt: z.iso.datetime().optional(),
});
type Walk = z.infer<typeof walkSchema>;

const walks = collection({
  container: 'registries',
  schema: walkSchema,
  place: (registry: RegistryName) => ({ partition: [registry], id: 'tag-places' }),
});

/**
 * An instance of an older version may push beside newer ones while it is replaced, and writes tags without places. So
 * the walk is made again every day; a repository in which all is well costs it two counts.
 */
const everyMs = 24 * 3600_000;
const repositoriesAtOnce = 100;
const tagsAtOnce = 100;

/** Gives tags their places in the orders of lists, where they were pushed before tags had any. */
export class PlaceTags {
  readonly #ports: Ports;
  /** The time until which this instance knows that no walk is due. */
  #nothingUntil = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Goes on with the walk until it is at its end, or `until`. */
  async goOn(until: Date): Promise<void> {
    const { documents, clock, registry } = this.#ports;
    if (clock.now().getTime() < this.#nothingUntil) return;
    const found = await walks.find(documents, registry);
    const next = Date.parse(found?.document.endedAt ?? '1970-01-01T00:00:00Z') + everyMs;
    if (next > clock.now().getTime() && found?.document.repository === undefined) {
      this.#nothingUntil = next;
      return;
    }
    await walkOn(this.#ports, found, until);
  }
}

async function walkOn(ports: Ports, found: Stored<Walk> | undefined, until: Date): Promise<void> {
  const { documents, clock, registry } = ports;
  const write = (walk: Pick<Walk, 'repository' | 'tag' | 'endedAt'>) =>
    walks.write(documents, found, { id: 'tag-places', type: 'tag-places', schemaVersion: 1, registry, ...walk });
  for await (const entry of entriesFrom(ports, found?.document.repository)) {
    const { repository } = entry.document;
    const from = repository === found?.document.repository ? found.document.tag : undefined;
    if (clock.now() >= until) {
      await write({ repository, ...defined({ tag: from }) });
      return;
    }
    const tag = await placeAll(ports, entry, from, until);
    if (tag !== undefined) {
      await write({ repository, tag });
      return;
    }
  }
  await write({ endedAt: clock.now().toISOString() });
}

/** Reads the repositories from one on. The one that the walk has come to is among them: it may not have ended in it. */
function entriesFrom(
  { documents, registry }: Ports,
  repository: string | undefined,
): AsyncGenerator<Stored<RepositoryDocument>> {
  const query = {
    container: 'registries' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'repository' },
      { path: 'state', is: '=', value: 'live' },
      ...(repository === undefined ? [] : [{ path: 'repository', is: '>=' as const, value: repository }]),
    ] satisfies Predicate[],
    orderBy: { path: 'repository', direction: 'asc' as const },
    limit: repositoriesAtOnce,
  };
  return storedOf(documents, query, repositoryDocumentSchema);
}

/** Places all tags of a repository. Returns the id of the last one that is placed if the time ended before. */
async function placeAll(
  ports: Ports,
  entry: Stored<RepositoryDocument>,
  from: string | undefined,
  until: Date,
): Promise<string | undefined> {
  const { documents, clock, log } = ports;
  const key: RepositoryKey = entry.document;
  let after = from;
  if (!(await areAllPlaced(documents, key)))
    for (;;) {
      const last = await placeSome(documents, key, after);
      if (last === undefined) break;
      after = last;
      if (clock.now() >= until) return after;
    }
  if (entry.document.placed === true) return undefined;
  const { container, partition } = { container: 'registries' as const, partition: [key.registry] };
  await documents.commitDocuments(container, partition, [patching(entry, { placed: true })]);
  log.info({ repository: key.repository }, 'the tags of a repository have their places in lists');
  return undefined;
}

async function areAllPlaced(documents: Documents, key: RepositoryKey): Promise<boolean> {
  const count = (where: readonly Predicate[]) =>
    documents.countDocuments({ container: 'repositories', partition: partitionOf(key), where });
  const [all, placed] = await Promise.all([
    count([{ path: 'type', is: '=', value: 'tag' }]),
    count([
      { path: 'byName', is: '>=', value: tagPlace },
      { path: 'byName', is: '<', value: behindTagPlaces },
    ]),
  ]);
  return all === placed;
}

/** Places the next tags behind an id, and returns the id of the last; `undefined` if there are no more. */
async function placeSome(
  documents: Documents,
  key: RepositoryKey,
  after: string | undefined,
): Promise<string | undefined> {
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [
      { path: 'id', is: after === undefined ? '>=' : '>', value: after ?? tagPlace },
      { path: 'id', is: '<', value: behindTagPlaces },
    ] satisfies Predicate[],
    orderBy: { path: 'id', direction: 'asc' as const },
    limit: tagsAtOnce,
  };
  const page = await documents.queryDocuments(query);
  const tags = page.documents.map((found) => parseStored(tagDocumentSchema, found, query));
  const without = tags.filter(({ document }) => document.byName === undefined || document.row === undefined);
  if (without.length > 0) {
    const changes = await changesOf(documents, key, without);
    const { committed } = await documents.commitDocuments('repositories', partitionOf(key), changes);
    // Somebody wrote one of them meanwhile: they are read again.
    if (!committed) return placeSome(documents, key, after);
  }
  return tags.at(-1)?.document.id;
}

async function changesOf(documents: Documents, key: RepositoryKey, tags: readonly Stored<TagDocument>[]) {
  const digests = [...new Set(tags.map(({ document }) => document.digest))];
  const manifests = await read(documents, key, digests);
  const listed = [...manifests.values()].flatMap(childrenOf).filter((digest) => !manifests.has(digest));
  const children = new Map([...manifests, ...(await read(documents, key, [...new Set(listed)]))]);
  const bytes = new Map([...children].map(([digest, manifest]) => [digest, ownBytes(manifest)]));
  return tags.map((tag) => {
    const manifest = manifests.get(tag.document.digest);
    const row = manifest === undefined ? undefined : tagRowOf(manifest, bytes);
    return patching(tag, { ...defined({ row }), ...tagPlaces(tag.document.name, row) });
  });
}

async function read(
  documents: Documents,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<Map<Digest, ManifestDocument>> {
  if (digests.length === 0) return new Map();
  const found = await storedAmong({ documents }, key, 'manifest', digests, manifestDocumentSchema);
  return new Map(found.map(({ document }) => [document.digest, document]));
}
