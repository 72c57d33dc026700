import pLimit from 'p-limit';
import { aboutIn, subjectNamed, tagsAbout } from '../../core/documents/about.ts';
import { defined } from '../../core/documents/defined.ts';
import { everyOne } from '../../core/documents/in-repository.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import {
  childrenOf,
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  tagDocumentSchema,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isImageConfigMediaType } from '../../core/oci/media-types.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { LastPull } from '../../core/ports/pulls.ts';
import type { Facts, ManifestFacts, TagFacts } from './facts.ts';
import type { PolicyPorts } from './ports.ts';
import { refusalIn } from './refusals.ts';
import { servedByTag } from './served.ts';
import type { RepositoryView, Session } from './session.ts';
import type { Graph, Node } from './surroundings.ts';
import { surroundingsOf } from './surroundings.ts';

interface ManifestNode extends Node {
  readonly document: ManifestDocument;
}

/** The facts about a manifest, and the documents that they were read from. */
export interface Found {
  readonly facts: Facts;
  readonly manifest: Stored<ManifestDocument>;
  /** The manifest and the manifests that are removed along with it. */
  readonly documents: readonly ManifestDocument[];
  /** True if the judgement may differ when other manifests are removed at the same time. */
  readonly dependsOnOthers: boolean;
}

/**
 * Reads the facts about a manifest; `known` is its document if it was just read. `undefined` if it is not live. Throws
 * `StoreFailure`.
 */
export async function readFacts(
  session: Session,
  view: RepositoryView,
  digest: Digest,
  known?: Stored<ManifestDocument>,
): Promise<Found | undefined> {
  const { ports } = session;
  const { key } = view;
  const manifest = known ?? (await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)));
  if (manifest === undefined) return undefined;
  const [tags, { along, leaves, keeper }, trackedSince] = await Promise.all([
    tagsOf(ports, key, digest),
    surroundingsOf(repositoryGraph(ports, key), nodeOf(manifest.document), view.going),
    session.trackedSince(),
  ]);
  const pulls = await ports.lastPulls.lastPulls(key, [
    digest,
    ...along.map((each) => each.digest),
    ...tags.map(({ name }) => name),
  ]);
  const now = ports.clock.now().getTime();
  const manifestFacts = (document: ManifestDocument) =>
    factsOf(document, key, session, pulls.get(document.digest), now);
  const facts: Facts = {
    repository: key.repository,
    ...defined({ repositoryLocked: view.refusal.locked, repositoryRefused: view.refusal.refused }),
    manifest: {
      ...manifestFacts(manifest.document),
      ...defined({ refused: tags.length > 0 ? undefined : await servedByTag(ports, key, digest) }),
    },
    tags: await Promise.all(
      tags.map(async (tag) => ({
        ...tagFacts(ports, key, tag, pulls.get(tag.name)),
        ...(await aboutOf(ports, key, tag)),
      })),
    ),
    ...defined({ keeper }),
    along: along.map(({ document, isChild }) => ({ ...manifestFacts(document), isChild })),
    newestTags: view.newest,
    ...defined({ trackedSince }),
  };
  return {
    facts,
    manifest,
    documents: [manifest.document, ...along.map(({ document }) => document)],
    dependsOnOthers: leaves || keeper !== undefined,
  };
}

function nodeOf(document: ManifestDocument): ManifestNode {
  const { digest, subject } = document;
  return { document, digest, children: childrenOf(document), ...defined({ subject }) };
}

const readsAtOnce = 16;

/** Makes the graph of a repository; each document is read once, and a limited number at a time. */
function repositoryGraph(ports: PolicyPorts, key: RepositoryKey): Graph<ManifestNode> {
  const limit = pLimit(readsAtOnce);
  const manifest = once(async (digest) => {
    const found = await limit(() => readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)));
    return found === undefined ? undefined : nodeOf(found.document);
  });
  return {
    manifest,
    tagsOf: once(async (digest) => (await limit(() => tagsOf(ports, key, digest))).map(({ name }) => aboutIn(name))),
    listedBy: once((digest) => limit(() => indexesOf(ports, key, digest))),
    referrersOf: once(async (digest) => {
      const edges = await limit(() =>
        everyOne(
          ports,
          key,
          [
            { path: 'type', is: '=', value: 'referrer' },
            { path: 'subject', is: '=', value: digest },
          ],
          referrerDocumentSchema,
        ),
      );
      const signatures = await limit(() => tagsAbout(ports.documents, key, digest));
      const digests = new Set([...edges, ...signatures].map((each) => each.digest));
      return (await Promise.all([...digests].map((each) => manifest(each)))).filter((node) => node !== undefined);
    }),
  };
}

function once<T>(read: (digest: Digest) => Promise<T>): (digest: Digest) => Promise<T> {
  const known = new Map<Digest, Promise<T>>();
  return (digest) => {
    const answer = known.get(digest) ?? read(digest);
    known.set(digest, answer);
    return answer;
  };
}

/** The most indexes that are read: more never go in one step, so one of them keeps the manifest. */
const indexesRead = 100;

async function indexesOf({ documents }: PolicyPorts, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'manifest' },
    { path: 'references', is: 'contains', value: { digest } },
  ];
  const indexes = await firstOf(
    indexesRead,
    storedOf(documents, { container, partition, where, limit: indexesRead }, manifestDocumentSchema),
  );
  return indexes.map(({ document }) => document.digest);
}

function tagsOf(ports: PolicyPorts, key: RepositoryKey, digest: Digest): Promise<TagDocument[]> {
  return everyOne(
    ports,
    key,
    [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: '=', value: digest },
    ],
    tagDocumentSchema,
  );
}

function factsOf(
  document: ManifestDocument,
  key: RepositoryKey,
  { ports, inUse }: Session,
  pull: LastPull | undefined,
  now: number,
): ManifestFacts {
  const { digest, mediaType, artifactType, references, subject, about, updatedAt, heldAt, untaggedAt } = document;
  return {
    digest,
    mediaType,
    pushedAt: Date.parse(updatedAt),
    ...defined({ heldAt: heldAt === undefined ? undefined : Date.parse(heldAt) }),
    untaggedSince: untaggedAt === undefined ? now : Date.parse(untaggedAt),
    types: [artifactType, references.find(({ role }) => role === 'config')?.mediaType].filter(
      (type) => type !== undefined,
    ),
    labels: labelsOf(document),
    ...pulledAt(pull),
    ...refusalIn(ports.admission.refusal({ operation: 'delete', key, manifest: document })),
    ...defined({
      isAbout: subject === undefined && about === undefined ? undefined : (true as const),
      inUse: inUse.get(digest),
    }),
  };
}

/**
 * Returns the annotations and the labels of the image's config, which may have one name in common. A manifest that was
 * pushed before labels were read may have any.
 */
function labelsOf({
  annotations = {},
  annotationsIn,
  labels,
  labelsIn,
  references,
}: ManifestDocument): ManifestFacts['labels'] {
  if (annotationsIn !== undefined || labelsIn !== undefined) return 'unknown';
  if (
    labels === undefined &&
    references.some(({ role, mediaType }) => role === 'config' && isImageConfigMediaType(mediaType))
  )
    return 'unknown';
  return [annotations, labels ?? {}];
}

function tagFacts(
  { admission }: PolicyPorts,
  key: RepositoryKey,
  tag: TagDocument,
  pull: LastPull | undefined,
): TagFacts {
  const refusal = refusalIn(admission.refusal({ operation: 'delete', key, tag }));
  return { name: tag.name, pushedAt: Date.parse(tag.updatedAt), ...pulledAt(pull), ...refusal };
}

/** Returns the live manifest that a tag such as `sha256-….sig` signs. */
async function aboutOf(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  { name, digest }: TagDocument,
): Promise<{ about?: Digest }> {
  const subject = await subjectNamed(documents, key, name);
  return defined({ about: subject === undefined || subject === digest ? undefined : subject });
}

/**
 * Returns the time of the last GET or HEAD. A client that asks by HEAD has the image already and checks whether its tag
 * has moved, so it uses the image.
 */
function pulledAt(pull: LastPull | undefined): { pulledAt?: number } {
  const times = [pull?.lastPull, pull?.lastHead].filter((time) => time !== undefined).map((time) => Date.parse(time));
  return defined({ pulledAt: times.length === 0 ? undefined : Math.max(...times) });
}
