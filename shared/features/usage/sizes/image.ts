import pLimit from 'p-limit';
import { blobDocumentSchema, blobRef, linkRef } from '../../../core/documents/blob.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Reference } from '../../../core/documents/references.ts';
import { sizeOf, sumOfBytes } from '../../../core/documents/references.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { QueryDocuments, ReadDocument } from '../../../core/ports/documents.ts';
import type { DeletedBytes } from '../../../core/ports/image-views.ts';
import { blobId, blobSchema, usageRef } from '../documents.ts';
import { ManifestGraph } from './graph.ts';

type SizeDocuments = ReadDocument & QueryDocuments;

/** The sizes of an image in bytes. An index is measured with the manifests that it lists. */
export interface ImageSizes {
  /**
   * The bytes of the manifests and of those blobs of theirs that are stored or were when they were pushed, each once,
   * as they were measured.
   */
  readonly logicalBytes: number;
  /**
   * The bytes that were never stored here, as the manifests claim them: layers that must not be distributed. Absent if
   * there are none.
   */
  readonly claimedBytes?: number;
  /**
   * The bytes in Blob Storage that nothing else needs: no other manifest of the repository, and no other repository.
   */
  readonly uniqueBytes: number;
  /** The bytes in Blob Storage that something else needs too. */
  readonly sharedBytes: number;
  /**
   * The bytes that Blob Storage is freed of in the end when the image is deleted, with what nothing else keeps:
   * untagged children of no other index, and referrers.
   */
  readonly freedBytes: number;
}

/**
 * Measures an image. It costs reads in the number of its blobs, and of the repository's indexes if one lists it.
 * Returns `undefined` when there is no such manifest. Throws `StoreFailure`.
 */
export async function imageSizes(
  documents: SizeDocuments,
  key: RepositoryKey,
  digest: Digest,
): Promise<ImageSizes | undefined> {
  const graph = new ManifestGraph(documents, key);
  if ((await graph.manifest(digest)) === undefined) return undefined;
  const [whole, going] = await Promise.all([
    manifestsOf(graph, await graph.withChildren(digest)),
    manifestsOf(graph, await graph.withDependents(digest)),
  ]);
  const look = contentsIn(documents, key);
  const [own, freed] = await Promise.all([look(whole), look(going)]);
  return {
    logicalBytes: own.logical,
    ...defined({ claimedBytes: own.claimed === 0 ? undefined : own.claimed }),
    uniqueBytes: own.alone,
    sharedBytes: own.stored - own.alone,
    freedBytes: freed.alone,
  };
}

/**
 * Measures what the deletion of these manifests frees in the end. Throws `StoreFailure`.
 */
export async function deletedBytes(
  documents: SizeDocuments,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<DeletedBytes> {
  const graph = new ManifestGraph(documents, key);
  const { stored, alone } = await contentsIn(documents, key)(await manifestsOf(graph, new Set(digests)));
  return { freed: alone, shared: stored - alone };
}

/**
 * Measures a tag as `imageSizes` does an image; while another tag or an index keeps the manifest, deleting this tag
 * frees nothing.
 */
export async function tagSizes(
  documents: SizeDocuments,
  key: RepositoryKey,
  digest: Digest,
): Promise<ImageSizes | undefined> {
  const sizes = await imageSizes(documents, key, digest);
  if (sizes === undefined) return undefined;
  const graph = new ManifestGraph(documents, key);
  const kept = (await graph.tagsOf(digest, 2)).length > 1 || (await graph.isListed(digest));
  return kept ? { ...sizes, freedBytes: 0 } : sizes;
}

async function manifestsOf(graph: ManifestGraph, digests: ReadonlySet<Digest>): Promise<ManifestDocument[]> {
  const found = await Promise.all([...digests].map((digest) => graph.manifest(digest)));
  return found.filter((manifest) => manifest !== undefined);
}

function blobsOf({ references }: ManifestDocument): Map<Digest, Reference> {
  return new Map(references.filter(({ role }) => role !== 'manifest').map((each) => [each.digest, each]));
}

const readsAtOnce = 16;

interface Stored {
  readonly stored: number;
  /** The part of `stored` that nothing outside of the manifests needs. */
  readonly alone: number;
  readonly logical: number;
  readonly claimed: number;
}

function contentsIn(
  documents: SizeDocuments,
  key: RepositoryKey,
): (manifests: readonly ManifestDocument[]) => Promise<Stored> {
  const limit = pLimit(readsAtOnce);
  const blobs = new Map<Digest, Promise<HeldBlob>>();
  const blob = (digest: Digest) => {
    const reading = blobs.get(digest) ?? limit(() => heldBlob(documents, key, digest));
    blobs.set(digest, reading);
    return reading;
  };
  return async (manifests) => {
    const among = Map.groupBy(
      manifests.flatMap((manifest) => [...blobsOf(manifest).values()]),
      ({ digest }) => digest,
    );
    const each = await Promise.all([
      ...[...among].map(async ([digest, named]) => {
        const { bytes, size, images, elsewhere } = await blob(digest);
        return { stored: bytes, alone: elsewhere || images > named.length ? 0 : bytes, ...measured(named, size) };
      }),
      ...manifests.map((manifest) => limit(() => ownContent(documents, manifest))),
    ]);
    const sum = (of: keyof Stored) => sumOfBytes(each.map((one) => one[of]));
    return { stored: sum('stored'), alone: sum('alone'), logical: sum('logical'), claimed: sum('claimed') };
  };
}

/**
 * Returns what a blob adds to a manifest's own size: the bytes that are stored of it, or were when it was pushed;
 * otherwise the claimed bytes stand apart.
 */
function measured(named: readonly Reference[], size: number | undefined): Pick<Stored, 'logical' | 'claimed'> {
  const known = size ?? named.find(({ stored }) => stored !== undefined)?.stored;
  return known === undefined ? { logical: 0, claimed: Math.max(...named.map(sizeOf)) } : { logical: known, claimed: 0 };
}

interface HeldBlob {
  /** The bytes of all copies; none if this repository may not read it. */
  readonly bytes: number;
  /** The bytes of one copy; absent if this repository may not read it. */
  readonly size: number | undefined;
  /** The number of images of this repository that need it. */
  readonly images: number;
  readonly elsewhere: boolean;
}

/** So many links are read: one of another repository that nobody dropped is enough. */
const linksLookedAt = 20;

async function heldBlob(documents: SizeDocuments, key: RepositoryKey, digest: Digest): Promise<HeldBlob> {
  const [counted, link, blob, links] = await Promise.all([
    readStored(documents, blobSchema, usageRef(key, blobId(digest))),
    documents.readDocument(linkRef(key, digest)),
    readStored(documents, blobDocumentSchema, blobRef(digest)),
    documents.queryDocuments({
      container: 'blobs',
      partition: [digest],
      // Links of other registries do not count: what they hold is none of this one's business.
      where: [
        { path: 'type', is: '=', value: 'link' },
        { path: 'registry', is: '=', value: key.registry },
      ],
      limit: linksLookedAt,
    }),
  ]);
  const size = link === undefined ? undefined : blob?.document.size;
  const bytes = (size ?? 0) * Object.keys(blob?.document.copies ?? {}).length;
  return {
    bytes,
    size,
    images: counted?.document.images ?? 0,
    elsewhere: links.documents.filter(({ document }) => document.droppedAt === undefined).length > 1,
  };
}

/** Measures a manifest that does not fit into its document: its bytes may be those of other repositories, too. */
async function ownContent(documents: SizeDocuments, { registry, content, size }: ManifestDocument): Promise<Stored> {
  const own = { logical: size, claimed: 0 };
  if ('text' in content) return { stored: 0, alone: 0, ...own };
  const named = await documents.queryDocuments({
    container: 'repositories',
    partition: [registry],
    where: [{ path: 'content.blob', is: '=', value: content.blob }],
    limit: 2,
  });
  return { stored: size, alone: named.documents.length > 1 ? 0 : size, ...own };
}
