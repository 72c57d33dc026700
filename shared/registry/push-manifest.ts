import pLimit from 'p-limit';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, digestOf, isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Tag } from '../oci/name.ts';
import type { Cause } from '../events/envelope.ts';
import { publishCommitted } from '../events/outbox.ts';
import { StoreFailure } from '../ports/failures.ts';
import { requireAllowed } from '../state/attributes.ts';
import type { LinkDocument } from '../state/blob.ts';
import { guardedManifest, guardedTag, manifestBlobName, manifestDocumentSchema, manifestRef, maxInlineBytes, tagDocumentSchema, tagRef } from '../state/manifest.ts';
import type { ManifestDocument } from '../state/manifest.ts';
import type { RepositoryKey } from '../state/names.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryDocument } from '../state/repository.ts';
import { readStored } from '../state/stored.ts';
import type { Stored } from '../state/stored.ts';
import { untilUncontended } from '../state/contention.ts';
import { findLink } from './links.ts';
import { imagePlatform } from './platform.ts';
import type { RegistryPorts } from './ports.ts';
import { pushChanges } from './push-changes.ts';
import type { PushedTag } from './push-changes.ts';

export interface ManifestPush {
  readonly key: RepositoryKey;
  /** What the URL names: a tag, or the digest that the bytes must have. */
  readonly reference: Tag | Digest;
  /** More tags to set in the same transaction (distribution-spec, "Pushing Manifests", `?tag=`). */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly cause: Cause;
}

export interface Pushed {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
}

/**
 * Pushes a manifest: manifest, tag, referrer edge and events in one transaction, the events published after it.
 * Throws `RegistryError`: `manifest-invalid`, `too-large`, `too-many-tags`, `digest-invalid`,
 * `manifest-blobs-unknown`, `disallowed`, `contended`.
 */
export async function pushManifest(ports: RegistryPorts, push: ManifestPush): Promise<Pushed> {
  const names = pushedTags(push);
  const manifest = parseManifest(push.bytes, push.contentType);
  const digest = pushedDigest(push);
  const [links] = await Promise.all([requireReferences(ports, push.key, manifest), ports.entries.requireAllowed('write', push.key)]);
  const content = await storeContent(ports, push.bytes, digest);
  const readingPlatform = imagePlatform(ports, manifest, manifest.config && links.get(manifest.config.digest));
  const opening = ports.entries.open(push.key);
  const events = await untilUncontended(`${push.key.repository}:${push.reference}`, async () => {
    const readingTags = Promise.all(names.map((name) => readTag(ports, push.key, name)));
    const [before, tags, platform, { document: entry }] = await Promise.all([readManifestDocument(ports, push.key, digest), readingTags, readingPlatform, opening]);
    requireAllowed('write', [...tags.map((tag) => guardedTag(tag.before?.document)), guardedManifest(before?.document)]);
    const change = pushChanges({ push, manifest, digest, content, platform, entry, before, tags, source: ports.settings.eventSource, now: ports.clock.now(), nextId: () => ports.ids.nextId() });
    const outcome = await ports.documents.commitDocuments('repositories', partitionOf(push.key), change.changes);
    return outcome.committed ? change.events : undefined;
  });
  await Promise.all([publishCommitted(ports, push.key, events), announceRepository(ports, push.key, await opening)]);
  return { digest, subject: manifest.subject?.digest };
}

/** The push has happened: that this fails means only that the next push tells of the new repository again, under the same event id. */
async function announceRepository(ports: RegistryPorts, key: RepositoryKey, entry: Stored<RepositoryDocument>): Promise<void> {
  if (entry.document.announced) return;
  try {
    await ports.entries.announced(key, entry);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn({ err: error, repository: key.repository }, 'a new repository is not marked as announced');
  }
}

/** A batch holds 100 changes: a tag is up to three of them, beside the manifest, its edge and the event of a new repository. */
const maxTags = 30;

function pushedTags({ reference, tags }: ManifestPush): Tag[] {
  const names = [...new Set(isDigest(reference) ? tags : [reference, ...tags])];
  if (names.length > maxTags) throw new RegistryError({ is: 'too-many-tags', limit: maxTags });
  return names;
}

function pushedDigest(push: ManifestPush): Digest {
  if (!isDigest(push.reference)) return digestOf(push.bytes);
  const digest = digestOf(push.bytes, algorithmOf(push.reference));
  if (digest !== push.reference) throw new RegistryError({ is: 'digest-invalid', why: `the manifest's digest is ${digest}, the URL says ${push.reference}` });
  return digest;
}

/** Large manifests lie in Blob Storage, written before the transaction that names them, and only once nothing else speaks against them. */
async function storeContent(ports: RegistryPorts, bytes: Uint8Array, digest: Digest): Promise<ManifestDocument['content']> {
  if (bytes.length <= maxInlineBytes) return { text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') };
  const blob = manifestBlobName(digest);
  await ports.blobs.putBlob(blob, bytes, { digest });
  return { blob };
}

function readManifestDocument(ports: RegistryPorts, key: RepositoryKey, digest: Digest) {
  return readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
}

async function readTag(ports: RegistryPorts, key: RepositoryKey, name: Tag): Promise<PushedTag> {
  return { name, before: await readStored(ports.documents, tagDocumentSchema, tagRef(key, name)) };
}

/** More than any client makes; it bounds what one request can make the stores do. */
const maxReferences = 1_000;
const readsAtOnce = 16;

/** Everything that the manifest references must be in the repository; what is missing is named, all of it. Gives the links of its blobs. */
async function requireReferences(ports: RegistryPorts, key: RepositoryKey, manifest: Manifest): Promise<ReadonlyMap<Digest, LinkDocument>> {
  const links = new Map<Digest, LinkDocument>();
  const look = async (digest: Digest) => {
    const link = await findLink(ports.documents, key, digest);
    if (link !== undefined) links.set(digest, link);
    return link;
  };
  const wanted = [
    ...uniquely(requiredBlobs(manifest), look),
    ...uniquely(manifest.manifests, (digest) => ports.documents.readDocument(manifestRef(key, digest))),
  ];
  if (wanted.length > maxReferences) throw new RegistryError({ is: 'manifest-invalid', why: `it references ${wanted.length} blobs and manifests; at most ${maxReferences} are allowed` });
  const limit = pLimit(readsAtOnce);
  const found = await Promise.all(wanted.map(({ look, digest }) => limit(() => look(digest))));
  const missing = wanted.filter((_, index) => found[index] === undefined).map(({ digest, mediaType }) => ({ digest, mediaType }));
  if (missing.length > 0) throw new RegistryError({ is: 'manifest-blobs-unknown', missing });
  return links;
}

function uniquely(descriptors: readonly Descriptor[], look: (digest: Digest) => Promise<unknown>) {
  const unique = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
  return [...unique.values()].map(({ digest, mediaType }) => ({ digest, mediaType, look }));
}

/** Layers that must not be distributed are fetched from their `urls` (image-spec, layer.md, "Non-Distributable Layers"). */
function requiredBlobs(manifest: Manifest): Descriptor[] {
  const layers = manifest.layers.filter((layer) => !/nondistributable|\.foreign\./.test(layer.mediaType));
  return manifest.config === undefined ? layers : [manifest.config, ...layers];
}
