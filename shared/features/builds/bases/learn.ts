import pLimit from 'p-limit';
import { readable } from '../../../core/documents/alone.ts';
import { patching, removing, writing, written } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { WholeQuery } from '../../../core/documents/pages.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryName, Tag } from '../../../core/oci/name.ts';
import type { VersionedDocument } from '../../../core/ports/documents.ts';
import type { StoredImage } from '../../../core/ports/images.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { saysForeign } from '../tasks/pulls.ts';
import { basesOfTask, taskOf } from '../tasks/tasks.ts';
import type { Watched } from '../upstream/documents.ts';
import { mostWatched, watchedRef } from '../upstream/documents.ts';
import { learnChain, rememberTag } from './chains.ts';
import { pathUpTo } from './cycles.ts';
import type { BaseFound, Edge, Learned } from './documents.ts';
import { edgeId, edgeSchema, learnedRef, learnedSchema, mostBases, watchesRef } from './documents.ts';
import { findBases, mergedBases } from './find-bases.ts';
import { hostsSaid, shownReference } from './names.ts';

type Place = Learned['leaving'][number];

const edgesAtOnce = 8;
const imagesAtOnce = 8;

interface LearnOptions {
  /** Names of this registry, by which a client has just reached it. */
  readonly hosts?: readonly string[];
  /** More may be known than when the image was learned. */
  readonly isAgain?: boolean;
}

/**
 * Reconciles the edges of a tagged image with what it is now: in any order, any number of times, beside others that do
 * the same. It first writes down which edges there will be and which will be deleted, then creates the former, then
 * deletes the latter; after a crash in between the next call completes it. Returns what is known in the end. Throws
 * `StoreFailure`.
 */
export async function learnTag(
  ports: BuildPorts,
  { registry, repository }: RepositoryKey,
  tag: Tag,
  { hosts = [], isAgain = false }: LearnOptions = {},
): Promise<Learned | undefined> {
  // Another process did the same at once: an edge that it deleted is created again, and the edges that this one created
  // are checked again.
  const key = { registry, repository };
  let made: readonly Place[] | undefined = isAgain ? [] : undefined;
  const outcome = await untilUncontended(`what is known of ${key.repository}:${tag}`, async () => {
    const [at, there, task] = await Promise.all([
      readStored(ports.documents, tagDocumentSchema, tagRef(key, tag)),
      readStored(ports.documents, learnedSchema, learnedRef(key, tag)),
      taskOf(ports, { ...key, tag }),
    ]);
    const digest = at?.document.digest;
    const isGone = digest === undefined && task === undefined;
    if (isGone && there === undefined) return { learned: undefined };
    if (
      there !== undefined &&
      there.document.digest === digest &&
      there.document.leaving.length === 0 &&
      there.document.unfinished !== true &&
      made === undefined
    )
      return { learned: there.document };
    const next = await learnImage(ports, {
      key,
      tag,
      digest,
      task,
      there: there?.document,
      made: made ?? [],
      ownHosts: ownHostsFor(ports, hosts, { task, there: there?.document }),
    });
    if (next === undefined) return undefined;
    const noted = await noteLearned(ports, next, there);
    if (noted === undefined) {
      // It may have been written all the same, with its answer lost: then its edges are still to be created.
      made ??= [];
      return undefined;
    }
    made = [...(made ?? []), ...next.bases.map((base) => placeOf(key, tag, base))];
    await makeEdges(ports, next, task);
    await deleteEdges(ports, next);
    return (await finish(ports, noted, isGone)) ? { learned: isGone ? undefined : next } : undefined;
  });
  return outcome.learned;
}

/**
 * Returns the names of this registry for an image. An event may have no client's name of it (a build's own push, a
 * restore, a base that became known later), but an image that names the registry must not be read as one of another
 * registry: its task, and what was learned of it before, have the name.
 */
function ownHostsFor(
  { ownHosts }: BuildPorts,
  hosts: readonly string[],
  { task, there }: { readonly task: Task | undefined; readonly there: Learned | undefined },
): string[] {
  return [
    ...new Set([...ownHosts, ...hosts, ...hostsSaid(there?.bases ?? []), ...(task === undefined ? [] : [task.host])]),
  ];
}

interface ImageToLearn {
  readonly key: RepositoryKey;
  readonly tag: Tag;
  readonly digest: Digest | undefined;
  readonly task: Task | undefined;
  readonly there: Learned | undefined;
  /** Places of edges that earlier attempts created. */
  readonly made: readonly Place[];
  readonly ownHosts: readonly string[];
}

/** So many images of an index are made known: it lists an image for each platform, and the attestation of each. */
const mostImagesKnown = 200;

/** Learns what a tagged image is built on; `undefined` if the tag has moved on meanwhile. */
async function learnImage(
  ports: BuildPorts,
  { key, tag, digest, task, there, made, ownHosts }: ImageToLearn,
): Promise<Learned | undefined> {
  const image = digest === undefined ? undefined : await ports.images.readImage(key, digest);
  if (digest !== undefined && image === undefined) return undefined;
  // Made known first, so that a process that makes its base known afterwards finds it.
  if (image !== undefined) await learnLayers(ports, key, tag, image);
  const all = mergedBases([
    ...(task === undefined ? [] : basesOfTask(task)),
    ...(image === undefined ? [] : await findBases(ports, key, image, ownHosts)),
  ]);
  const found = all.slice(0, mostBases);
  const leftOut = all.length - found.length;
  if (leftOut > 0)
    ports.log.warn(
      { repository: key.repository, tag, leftOut },
      `an image names more than ${mostBases} bases: the rest is left out`,
    );
  const paths = await Promise.all(found.map((base) => pathUpTo(ports, { ...key, tag }, base)));
  const refused = found.flatMap((base, index) =>
    paths[index] === undefined ? [] : [{ base: shownReference(base), path: paths[index] }],
  );
  const bases = found.filter((_, index) => paths[index] === undefined);
  for (const { base, path } of refused)
    ports.log.warn({ repository: key.repository, tag, base, path }, 'an edge that would close a circle is not made');
  const kept = new Set(bases.map((base) => JSON.stringify(placeOf(key, tag, base))));
  const before = [
    ...made,
    ...(there === undefined ? [] : [...there.leaving, ...there.bases.map((base) => placeOf(key, tag, base))]),
  ];
  const leaving = before.filter((place) => !kept.has(JSON.stringify(place)));
  const { partition, id } = learnedRef(key, tag);
  return {
    id,
    base: partition[0] ?? '',
    type: 'learned',
    schemaVersion: 1,
    ...key,
    tag,
    ...defined({ digest }),
    bases,
    refused,
    ...defined({ leftOut: leftOut === 0 ? undefined : leftOut }),
    leaving: unique(leaving),
    learnedAt: ports.clock.now().toISOString(),
  };
}

async function learnLayers(
  ports: BuildPorts,
  key: RepositoryKey,
  tag: Tag,
  { digest, manifest }: StoredImage,
): Promise<void> {
  const limit = pLimit(imagesAtOnce);
  const images = [digest, ...manifest.manifests.map((child) => child.digest)].slice(0, mostImagesKnown);
  await Promise.all(
    [...new Set(images)].map((each) =>
      limit(async () => {
        await learnChain(ports, key, each);
        await rememberTag(ports, key, tag, each);
      }),
    ),
  );
}

function unique(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
}

function placeOf(key: RepositoryKey, dependentTag: Tag, { base, tag, digest }: BaseFound): Place {
  return { base, id: edgeId(key, dependentTag, { tag, digest }) };
}

async function noteLearned(
  { documents }: BuildPorts,
  next: Learned,
  there: Stored<Learned> | undefined,
): Promise<Stored<Learned> | undefined> {
  const document = { ...next, unfinished: true };
  const outcome = await documents.commitDocuments('dependencies', [next.base], [writing(there, document)]);
  return written(outcome, document);
}

async function makeEdges(
  ports: BuildPorts,
  { registry, repository, tag, digest, bases, learnedAt }: Learned,
  task: Task | undefined,
): Promise<void> {
  const limit = pLimit(edgesAtOnce);
  await Promise.all(
    bases.map((found) =>
      limit(async () => {
        const listed = task !== undefined && saysForeign(ports, task, found.base) ? { isListed: true as const } : {};
        const edge: Edge = {
          id: edgeId({ registry, repository }, tag, found),
          type: 'edge',
          schemaVersion: 1,
          ...found,
          registry,
          repository,
          dependentTag: tag,
          ...listed,
          ...defined({ dependentDigest: digest }),
          learnedAt,
        };
        await ports.documents.commitDocuments('dependencies', [found.base], [{ do: 'upsert', document: { ...edge } }]);
        await watch(ports, edge);
      }),
    ),
  );
}

async function deleteEdges({ documents }: BuildPorts, { leaving }: Learned): Promise<void> {
  const limit = pLimit(edgesAtOnce);
  await Promise.all(
    leaving.map(({ base, id }) =>
      limit(() => documents.commitDocuments('dependencies', [base], [{ do: 'delete', id }])),
    ),
  );
}

/**
 * Has a tag of another registry watched from now on, since that registry sends no events. One that is watched already
 * stays as it is.
 */
async function watch(
  { documents, log }: Pick<BuildPorts, 'documents' | 'log'>,
  { base, tag, digest, registry, repository, learnedAt }: Edge,
): Promise<void> {
  if (base.startsWith('own:') || tag === undefined || digest !== undefined) return;
  const ref = watchedRef(registry, base, tag);
  if ((await documents.readDocument(ref)) !== undefined) return;
  const counted = watchesRef({ registry, repository }, { base, tag });
  const { container, partition } = counted;
  if (
    (await documents.countDocuments({ container, partition, where: [{ path: 'type', is: '=', value: 'watches' }] })) >=
    mostWatched
  ) {
    log.warn(
      { repository, base, tag },
      `the images of a repository have ${mostWatched} tags of other registries watched: one more is not`,
    );
    return;
  }
  const document: Watched = {
    id: ref.id,
    type: 'watched',
    schemaVersion: 1,
    base,
    registry,
    tag,
    first: repository,
    moves: 0,
    dueAt: learnedAt,
    failures: 0,
  };
  const { committed } = await documents.commitDocuments(
    'dependencies',
    [base],
    [{ do: 'create', document: { ...document } }],
  );
  if (committed)
    await documents.commitDocuments(container, partition, [
      {
        do: 'upsert',
        document: { id: counted.id, base: partition[0], type: 'watches', schemaVersion: 1, of: base, tag },
      },
    ]);
}

/** Completes what is written; `false` if another process has written meanwhile, and has perhaps deleted edges. */
async function finish({ documents }: BuildPorts, noted: Stored<Learned>, isGone: boolean): Promise<boolean> {
  // This is written even if nothing was deleted: of two processes that created edges the later must notice what the
  // other left.
  const change = isGone ? removing(noted) : patching(noted, { leaving: [], unfinished: false });
  return (await documents.commitDocuments('dependencies', [noted.document.base], [change])).committed;
}

/** Reads one page of the edges of a base: those of one tag, or all. */
export async function dependentsOf(
  { documents, registry, log }: Pick<BuildPorts, 'documents' | 'registry' | 'log'>,
  base: string,
  tag?: Tag,
  page: { readonly limit?: number; readonly continuation?: string | undefined } = {},
): Promise<{ edges: Edge[]; continuation?: string }> {
  const query = {
    ...edgesOnto(registry, base, tag),
    ...defined({ limit: page.limit, continuation: page.continuation }),
  };
  const found = await documents.queryDocuments(query);
  return { edges: readEdges(log, found.documents, query), ...defined({ continuation: found.continuation }) };
}

/** Reads all edges of a tag of a base, some hundreds at a time. */
export async function* allDependentsOf(
  { documents, registry, log }: Pick<BuildPorts, 'documents' | 'registry' | 'log'>,
  base: string,
  tag: Tag,
): AsyncGenerator<Edge[]> {
  const query = edgesOnto(registry, base, tag);
  for await (const page of pagesOf(documents, query)) yield readEdges(log, page, query);
}

/** Images of other registries of the deployment may be built on the same base of a third: those are theirs to build. */
function edgesOnto(registry: RegistryName, base: string, tag: Tag | undefined): WholeQuery {
  const where = [
    { path: 'type', is: '=' as const, value: 'edge' },
    { path: 'registry', is: '=' as const, value: registry },
    ...(tag === undefined ? [] : [{ path: 'tag', is: '=' as const, value: tag }]),
  ];
  return { container: 'dependencies', partition: [base], where, limit: 500 };
}

function readEdges(log: BuildPorts['log'], found: readonly VersionedDocument[], query: WholeQuery): Edge[] {
  return readable(log, edgeSchema, found, query).map(({ document }) => document);
}
