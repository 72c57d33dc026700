import { binnedDocumentSchema, binnedRef } from '../../core/documents/bin.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import {
  manifestBlobName,
  manifestDocumentSchema,
  manifestId,
  manifestRef,
  maxInlineBytes,
  tagDocumentSchema,
  tagRef,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { once } from '../../core/documents/once.ts';
import { referencesOf } from '../../core/documents/references.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { ownBytes } from '../../core/documents/tag-facts.ts';
import { isHeld } from '../../core/documents/verdict.ts';
import { recordedEvents } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { algorithmOf, digestOf, isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { RandomIds } from '../../core/ports/clock.ts';
import type { CommitOutcome, DocumentChange } from '../../core/ports/documents.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { readImageConfig } from './image-config.ts';
import type { RegistryPorts } from './ports.ts';
import { pushChanges } from './push-changes.ts';
import { repositoryCreatedId } from './push-events.ts';
import type { Relied } from './push-references.ts';
import { requireReferences } from './push-references.ts';
import type { ManifestPush, PushedTag } from './push-situation.ts';

/** The context that several pushes in one transaction share. */
interface Together {
  /** The digests of all of them; absent if there is one. */
  readonly coming: ReadonlySet<Digest> | undefined;
  /** Opens the repository, once for all. */
  readonly entry: () => Promise<Stored<RepositoryDocument>>;
}

/**
 * Begins a push: makes the state that all its attempts share, with what was read once and what the attempts so far have
 * found.
 */
export async function beginPush(ports: RegistryPorts, push: ManifestPush, { coming, entry }: Together) {
  const names = pushedTags(push);
  const manifest = parseManifest(push.bytes, push.contentType);
  const digest = pushedDigest(push);
  const look = () => requireReferences(ports, { ...push, coming }, manifest);
  const [looked, covering] = await Promise.all([
    look(),
    ports.coverage.of(push.key),
    ports.entries.requireAllowed({ operation: 'push', key: push.key, asker: push.asker }),
  ]);
  if (covering.some(({ part }) => part === 'quarantine')) requireAtMost(names, maxTagsInQuarantine);
  return {
    push,
    coming,
    names,
    manifest,
    digest,
    look,
    covering,
    relied: looked,
    about: once(async () => {
      const [image, opened] = await Promise.all([
        readImageConfig(ports, manifest, manifest.config && looked.links.get(manifest.config.digest)),
        entry(),
      ]);
      return { image, entry: opened };
    }),
    content: once(() => storeContent(ports, push, digest)),
    ids: sameIdsEachTime(ports.ids),
    /** True if another push records the event of the new repository. */
    isAnnounced: false,
    mustReconcile: false,
    /** The ids of the events that an attempt may have recorded. */
    tried: new Set<string>(),
  };
}

type Pushing = Awaited<ReturnType<typeof beginPush>>;
type PushChange = ReturnType<typeof pushChanges>;

export interface Committed {
  readonly events: readonly CloudEvent[];
  /** The pushes after which the neighbours of the manifest are to be reconciled. */
  readonly reconciles: readonly Pushing[];
}

/** Makes one attempt. Returns what was committed; `undefined` if the attempt must be repeated. */
export async function attemptPush(
  ports: RegistryPorts,
  all: readonly Pushing[],
): Promise<Committed | 'too large' | undefined> {
  for (const pushing of all)
    if (pushing.relied.until <= ports.clock.now().getTime()) pushing.relied = await pushing.look();
  const together = new Map(all.map(({ digest, manifest, relied }) => [digest, pulledOf(manifest, relied)]));
  const each = await Promise.all(all.map((pushing, at) => changesNow(ports, pushing, at === 0, together)));
  if (all.some(({ relied }) => relied.until <= ports.clock.now().getTime())) return undefined;
  const changes = each.flatMap(({ changes }, at) => changes.map((change) => ({ change, of: all[at] })));
  if (all.length > 1 && !fitsOneBatch(changes)) return 'too large';
  const [first] = all;
  if (first === undefined) return undefined;
  const { document: entry } = (await first.about()).entry;
  for (const [at, pushing] of all.entries()) {
    // The event of the repository's creation is published by the push that has recorded it, or by the sweep.
    for (const { id } of each[at]?.events ?? [])
      if (id !== repositoryCreatedId(entry.generation)) pushing.tried.add(id);
    pushing.mustReconcile ||= each[at]?.reconciles === true;
  }
  const outcome = await ports.documents.commitDocuments(
    'repositories',
    partitionOf(first.push.key),
    changes.map(({ change }) => change),
  );
  if (outcome.committed)
    return {
      events: each.flatMap(({ events }) => events),
      reconciles: all.filter((_, at) => each[at]?.reconciles === true),
    };
  return await afterRefusal(ports, all, { outcome, refused: changes[outcome.index], entry });
}

/** The bytes of JSON in one transaction, which holds 2 MB. */
const batchBytes = 1_500_000;

function fitsOneBatch(changes: readonly { readonly change: DocumentChange }[]): boolean {
  return (
    changes.length <= maxChangesPerCommit &&
    Buffer.byteLength(JSON.stringify(changes.map(({ change }) => change))) <= batchBytes
  );
}

/**
 * Reads what is stored now and returns the changes of a push. The first of several records the event of a new
 * repository.
 */
async function changesNow(
  ports: RegistryPorts,
  pushing: Pushing,
  isFirst: boolean,
  together: ReadonlyMap<Digest, number>,
): Promise<PushChange> {
  const { push, digest, manifest, relied, coming, covering } = pushing;
  const [{ before, binned }, tags, { image, entry }] = await Promise.all([
    readThere(ports, push.key, digest),
    readTags(ports, pushing),
    pushing.about(),
  ]);
  requireAt(push, tags, digest);
  requireAdmitted(ports, push, { tags, digest, manifest: before?.document });
  const change = pushChanges({
    push,
    manifest,
    digest,
    before,
    binned,
    tags,
    image,
    stored: storedIn(relied),
    children: new Map([...together, ...relied.children]),
    entry: pushing.isAnnounced || !isFirst ? { ...entry.document, announced: true } : entry.document,
    content: (before ?? binned)?.document.content ?? (await pushing.content()),
    mayRestore: push.mayRestore,
    covering,
    reconcileMark: ports.bin.reconcileMark(push.key, digest),
    source: ports.settings.eventSource,
    now: ports.clock.now(),
    nextId: pushing.ids(),
  });
  return coming === undefined
    ? change
    : { ...change, changes: change.changes.filter((each) => !holdsAny(each, coming)) };
}

/** Returns the sizes of the blobs that a push has found. */
function storedIn({ links }: Relied): Map<Digest, number> {
  return new Map([...links].map(([blob, { size }]) => [blob, size]));
}

/** Returns the bytes that a client pulls of a manifest that is pushed in the same transaction as its index. */
function pulledOf(manifest: Manifest, relied: Relied): number {
  return ownBytes({ references: referencesOf(manifest, storedIn(relied)) });
}

/** Returns whether a change holds a child that is written in the same transaction, which needs no holding. */
function holdsAny(change: DocumentChange, coming: ReadonlySet<Digest>): boolean {
  return change.do === 'patch' && [...coming].some((digest) => change.id === manifestId(digest));
}

/** Asks the gates. Tags are first: the refusal of a locked one does not depend on its manifest. */
function requireAdmitted(
  { admission }: RegistryPorts,
  { key, asker }: ManifestPush,
  {
    tags,
    digest,
    manifest,
  }: { readonly tags: readonly PushedTag[]; readonly digest: Digest; readonly manifest: ManifestDocument | undefined },
): void {
  for (const { name, before } of tags)
    admission.require({ operation: 'tag', key, asker, tag: before?.document, sets: { tag: name, digest } });
  admission.require({ operation: 'push', key, asker, manifest });
}

async function afterRefusal(
  ports: RegistryPorts,
  all: readonly Pushing[],
  {
    outcome,
    refused,
    entry,
  }: {
    readonly outcome: Extract<CommitOutcome, { committed: false }>;
    readonly refused: { readonly change: DocumentChange; readonly of: Pushing | undefined } | undefined;
    readonly entry: RepositoryDocument;
  },
): Promise<Committed | undefined> {
  const change = refused?.change;
  if (isOfRepository(change, entry)) {
    // Another push into the new repository records the event of its creation, with its own data: two events of one id
    // would differ.
    for (const pushing of all) pushing.isAnnounced = true;
    return undefined;
  }
  // An earlier attempt was committed, so the events are those that it recorded.
  if (isOwnEvent(change, outcome.because) && refused?.of !== undefined)
    return {
      events: await recordedEvents(
        ports.documents,
        refused.of.push.key,
        all.flatMap(({ tried }) => [...tried]),
      ),
      reconciles: all.filter(({ mustReconcile }) => mustReconcile),
    };
  // Only children are patched: one has just been deleted, and is read again.
  if (change?.do === 'patch' && refused?.of !== undefined) refused.of.relied = { ...refused.of.relied, until: 0 };
  return undefined;
}

/**
 * Refuses a tag that is not at the demanded digest. If it is already at the pushed one, an earlier attempt was
 * committed.
 */
function requireAt({ onlyIfAt }: ManifestPush, [tag]: readonly PushedTag[], digest: Digest): void {
  const at = tag?.before?.document.digest;
  if (onlyIfAt === undefined || at === digest || (at ?? 'nothing') === onlyIfAt) return;
  throw new RegistryError({
    is: 'conflict',
    code: 'conflict',
    why: `the tag ${tag?.name ?? ''} points at ${at ?? 'nothing'} by now, and should have been moved from ${onlyIfAt}`,
  });
}

/** Gives every attempt the same ids in the same order, so that it recognizes the events of earlier ones. */
function sameIdsEachTime(ids: RandomIds): () => () => string {
  const drawn: string[] = [];
  return () => {
    let next = 0;
    return () => (drawn[next++] ??= ids.nextId());
  };
}

/**
 * Returns whether the event of this push exists already: then an earlier attempt was committed, and its answer was
 * lost.
 */
function isOwnEvent(change: DocumentChange | undefined, because: 'exists' | 'absent' | 'changed'): boolean {
  return because === 'exists' && change?.do === 'create' && change.document.type === 'event';
}

/**
 * Returns whether the event of the repository's creation exists already. The events of the push itself are before it in
 * the batch, and would be refused first.
 */
function isOfRepository(change: DocumentChange | undefined, { generation }: RepositoryDocument): boolean {
  return change?.do === 'create' && change.document.id === `event:${repositoryCreatedId(generation)}`;
}

/**
 * The most tags of a push. A batch holds 100 changes: a tag is up to three of them, beside the manifest and its edge,
 * and one more where the manifest waits in quarantine.
 */
const [maxTags, maxTagsInQuarantine] = [30, 23];

function pushedTags({ reference, tags }: ManifestPush): Tag[] {
  const names = [...new Set(isDigest(reference) ? tags : [reference, ...tags])];
  requireAtMost(names, maxTags);
  return names;
}

function requireAtMost(names: readonly Tag[], limit: number): void {
  if (names.length > limit) throw new RegistryError({ is: 'too-many-tags', limit });
}

export function pushedDigest(push: ManifestPush): Digest {
  if (!isDigest(push.reference)) return digestOf(push.bytes);
  const digest = digestOf(push.bytes, algorithmOf(push.reference));
  if (digest !== push.reference)
    throw new RegistryError({
      is: 'digest-invalid',
      why: `the manifest's digest is ${digest}, the URL says ${push.reference}`,
    });
  return digest;
}

/**
 * Writes a large manifest to Blob Storage, before the transaction that names it, and only after all other checks. The
 * metadata names its repository, so that content that a crash left without a document is found.
 */
async function storeContent(
  ports: RegistryPorts,
  { bytes, key }: ManifestPush,
  digest: Digest,
): Promise<ManifestDocument['content']> {
  if (bytes.length <= maxInlineBytes)
    return { text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') };
  const blob = manifestBlobName(digest, ports.ids.nextId());
  await ports.blobs.putBlob(blob, bytes, { digest, registry: key.registry, repository: key.repository });
  return { blob, region: ports.settings.region };
}

/**
 * Reads the manifest, and the recycle bin after it, so that one that is recycled in between is found. A live one costs
 * no second read.
 */
async function readThere(ports: RegistryPorts, key: RepositoryKey, digest: Digest) {
  const before = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  return {
    before,
    binned:
      before === undefined
        ? await readStored(ports.documents, binnedDocumentSchema, binnedRef(key, digest))
        : undefined,
  };
}

function readTags(ports: RegistryPorts, { push: { key }, names, digest, covering }: Pushing): Promise<PushedTag[]> {
  const servesPrevious = covering.some((policy) => policy.servesPrevious === true);
  return Promise.all(
    names.map(async (name) => {
      const before = await readStored(ports.documents, tagDocumentSchema, tagRef(key, name));
      const previous =
        servesPrevious && before !== undefined ? await servedBy(ports, key, before.document, digest) : undefined;
      return { name, before, ...defined({ previous }) };
    }),
  );
}

/** Returns the manifest that a tag serves to those who may only pull, once it points at one that is held. */
async function servedBy(
  { documents, clock }: RegistryPorts,
  key: RepositoryKey,
  { digest, previous }: TagDocument,
  pushed: Digest,
): Promise<Digest | undefined> {
  if (digest === pushed) return previous;
  const found = await readStored(documents, manifestDocumentSchema, manifestRef(key, digest));
  return isHeld(found?.document.verdict, clock.now()) ? previous : digest;
}
