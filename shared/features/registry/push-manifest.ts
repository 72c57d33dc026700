import { binnedDocumentSchema, binnedRef } from '../../core/documents/bin.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import {
  manifestBlobName,
  manifestDocumentSchema,
  manifestRef,
  maxInlineBytes,
  tagDocumentSchema,
  tagRef,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { publishCommitted, recordedEvents } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { algorithmOf, digestOf, isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { PushedBy } from '../../core/oci/principal.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { RandomIds } from '../../core/ports/clock.ts';
import type { CommitOutcome, DocumentChange } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { readImageConfig } from './image-config.ts';
import type { RegistryPorts } from './ports.ts';
import { pushChanges } from './push-changes.ts';
import { repositoryCreatedId } from './push-events.ts';
import { requireReferences } from './push-references.ts';
import type { PushedTag } from './push-situation.ts';

export interface ManifestPush {
  readonly key: RepositoryKey;
  /** What the URL names: a tag, or the digest that the bytes must have. */
  readonly reference: Tag | Digest;
  /** More tags to set in the same transaction (distribution-spec, "Pushing Manifests", `?tag=`). */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly cause: Cause;
  /** Absent where the registry itself pushes. */
  readonly asker?: Asker | undefined;
  /** On whose word: it is kept with the tags. */
  readonly pushedBy?: PushedBy | undefined;
  /**
   * Whether who pushes may bring back from the bin what somebody deleted and this push does not send: the right
   * `deleted/restore`.
   */
  readonly mayRestore: boolean;
  /** What the tag must point at for the push to happen; absent, anything. */
  readonly onlyIfAt?: Digest | 'nothing';
}

export interface Pushed {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
}

/**
 * Pushes a manifest: manifest, tags, referrer edge and events in one transaction, the events published after it.
 * Throws `RegistryError`: `manifest-invalid`, `too-large`, `too-many-tags`, `digest-invalid`, `manifest-blobs-unknown`,
 * `disallowed`, `contended`, `conflict` when the tag is not where it was demanded to be.
 */
export async function pushManifest(ports: RegistryPorts, push: ManifestPush): Promise<Pushed> {
  const pushing = await beginPush(ports, push);
  const { manifest, digest, about } = pushing;
  const { events, settles } = await untilUncontended(`${push.key.repository}:${push.reference}`, () =>
    attemptPush(ports, push, pushing),
  );
  await Promise.all([
    publishCommitted(ports, push.key, events),
    announceRepository(ports, push.key, (await about()).entry),
  ]);
  if (settles) await settleLater(ports, push, digest);
  return { digest, subject: manifest.subject?.digest };
}

/** What all attempts of one push share: what was read once, and what the attempts so far have found out. */
async function beginPush(ports: RegistryPorts, push: ManifestPush) {
  const names = pushedTags(push);
  const manifest = parseManifest(push.bytes, push.contentType);
  const digest = pushedDigest(push);
  const look = () => requireReferences(ports, push, manifest);
  const [looked] = await Promise.all([
    look(),
    ports.entries.requireAllowed({ operation: 'push', key: push.key, asker: push.asker }),
  ]);
  return {
    names,
    manifest,
    digest,
    look,
    relied: looked,
    about: once(async () => {
      const [image, entry] = await Promise.all([
        readImageConfig(ports, manifest, manifest.config && looked.links.get(manifest.config.digest)),
        ports.entries.open(push.key),
      ]);
      return { image, entry };
    }),
    content: once(() => storeContent(ports, push, digest)),
    ids: sameIdsEachTime(ports.ids),
    /** Whether another push tells of the new repository. */
    isAnnounced: false,
    mustSettle: false,
    /** The events that an attempt may have recorded. */
    tried: new Set<string>(),
  };
}

type Pushing = Awaited<ReturnType<typeof beginPush>>;
type PushChange = ReturnType<typeof pushChanges>;

/** What was committed; `undefined` when the attempt must be made again. */
async function attemptPush(
  ports: RegistryPorts,
  push: ManifestPush,
  pushing: Pushing,
): Promise<Pick<PushChange, 'events' | 'settles'> | undefined> {
  if (pushing.relied.until <= ports.clock.now().getTime()) pushing.relied = await pushing.look();
  const change = await changesNow(ports, push, pushing);
  if (pushing.relied.until <= ports.clock.now().getTime()) return undefined;
  const { document: entry } = (await pushing.about()).entry;
  // The repository's creation is told of by whoever has recorded it, or by the sweep.
  for (const { id } of change.events) if (id !== repositoryCreatedId(entry.generation)) pushing.tried.add(id);
  pushing.mustSettle ||= change.settles;
  const outcome = await ports.documents.commitDocuments('repositories', partitionOf(push.key), change.changes);
  if (outcome.committed) return change;
  return await afterRefusal(ports, push, pushing, { outcome, refused: change.changes[outcome.index], entry });
}

/** What the push would change as everything is now. */
async function changesNow(ports: RegistryPorts, push: ManifestPush, pushing: Pushing): Promise<PushChange> {
  const { digest, manifest, relied } = pushing;
  const [{ before, binned }, tags, { image, entry }] = await Promise.all([
    readThere(ports, push.key, digest),
    readTags(ports, push.key, pushing.names),
    pushing.about(),
  ]);
  requireAt(push, tags, digest);
  requireAdmitted(ports, push, { tags, digest, manifest: before?.document });
  return pushChanges({
    push,
    manifest,
    digest,
    before,
    binned,
    tags,
    image,
    stored: new Map([...relied.links].map(([blob, { size }]) => [blob, size])),
    entry: pushing.isAnnounced ? { ...entry.document, announced: true } : entry.document,
    content: (before ?? binned)?.document.content ?? (await pushing.content()),
    mayRestore: push.mayRestore,
    settling: ports.bin.settling(push.key, digest),
    source: ports.settings.eventSource,
    now: ports.clock.now(),
    nextId: pushing.ids(),
  });
}

/** Tags first: what is said of one that is locked is said whatever its manifest is. */
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
  push: ManifestPush,
  pushing: Pushing,
  {
    outcome,
    refused,
    entry,
  }: {
    readonly outcome: Extract<CommitOutcome, { committed: false }>;
    readonly refused: DocumentChange | undefined;
    readonly entry: RepositoryDocument;
  },
): Promise<Pick<PushChange, 'events' | 'settles'> | undefined> {
  if (isOfRepository(refused, entry)) {
    // Another push into the new repository tells of it, in its own words: two events of one id would differ.
    pushing.isAnnounced = true;
    return undefined;
  }
  // An earlier attempt was committed, and this one is not: what happened is what that one recorded.
  if (isOwnEvent(refused, outcome.because))
    return { events: await recordedEvents(ports.documents, push.key, pushing.tried), settles: pushing.mustSettle };
  // Only children are patched: one has just gone, and is looked for again.
  if (refused?.do === 'patch') pushing.relied = { ...pushing.relied, until: 0 };
  return undefined;
}

/** That it is where the push would bring it says that an earlier attempt was committed. */
function requireAt({ onlyIfAt }: ManifestPush, [tag]: readonly PushedTag[], digest: Digest): void {
  const at = tag?.before?.document.digest;
  if (onlyIfAt === undefined || at === digest || (at ?? 'nothing') === onlyIfAt) return;
  throw new RegistryError({
    is: 'conflict',
    code: 'conflict',
    why: `the tag ${tag?.name ?? ''} is at ${at ?? 'nothing'} by now, and was to be moved from ${onlyIfAt}`,
  });
}

/** Started with the first attempt's reads, not before: then nothing that fails is left without one who waits for it. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}

/** Every attempt draws the same ids in the same order, so that its events are known again. */
function sameIdsEachTime(ids: RandomIds): () => () => string {
  const drawn: string[] = [];
  return () => {
    let next = 0;
    return () => (drawn[next++] ??= ids.nextId());
  };
}

/**
 * That the event of this push is there already says that an earlier attempt was committed, and its answer lost on the
 * way.
 */
function isOwnEvent(change: DocumentChange | undefined, because: 'exists' | 'absent' | 'changed'): boolean {
  return because === 'exists' && change?.do === 'create' && change.document.type === 'event';
}

/**
 * Whether it is the event of the repository's creation that was there already: those of the push itself come before it,
 * and are met first.
 */
function isOfRepository(change: DocumentChange | undefined, { generation }: RepositoryDocument): boolean {
  return change?.do === 'create' && change.document.id === `event:${repositoryCreatedId(generation)}`;
}

/** A batch holds 100 changes: a tag is up to three of them, beside the manifest and its edge. */
const maxTags = 30;

function pushedTags({ reference, tags }: ManifestPush): Tag[] {
  const names = [...new Set(isDigest(reference) ? tags : [reference, ...tags])];
  if (names.length > maxTags) throw new RegistryError({ is: 'too-many-tags', limit: maxTags });
  return names;
}

/**
 * The push has happened: that this fails means only that the next push tells of the new repository again, under the
 * same event id.
 */
async function announceRepository(
  ports: RegistryPorts,
  key: RepositoryKey,
  entry: Stored<RepositoryDocument>,
): Promise<void> {
  if (entry.document.announced) return;
  try {
    await ports.entries.announced(key, entry);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn({ err: error, repository: key.repository }, 'a new repository is not marked as announced');
  }
}

function pushedDigest(push: ManifestPush): Digest {
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
 * Large manifests lie in Blob Storage, written before the transaction that names them, and only once nothing else
 * speaks against them. The metadata says whose they are: so what a crash left without its document is found.
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

/** The push has happened, and says so itself: what this fails to settle a timer settles. */
async function settleLater(ports: RegistryPorts, { key, cause }: ManifestPush, digest: Digest): Promise<void> {
  try {
    await ports.bin.settle(key, digest, cause);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, repository: key.repository, digest },
      'what belongs to a pushed manifest stays in the bin until the timer settles it',
    );
  }
}

/** The bin is looked into second: what moves there in between is found. What is live costs no second read. */
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

function readTags(ports: RegistryPorts, key: RepositoryKey, names: readonly Tag[]): Promise<PushedTag[]> {
  return Promise.all(
    names.map(async (name) => ({
      name,
      before: await readStored(ports.documents, tagDocumentSchema, tagRef(key, name)),
    })),
  );
}
