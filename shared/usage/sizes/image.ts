import pLimit from 'p-limit';
import type { Digest } from '../../oci/digest.ts';
import type { QueryDocuments, ReadDocument } from '../../ports/documents.ts';
import { blobDocumentSchema, blobRef, linkRef } from '../../state/blob.ts';
import type { ManifestDocument } from '../../state/manifest.ts';
import type { RepositoryKey } from '../../state/names.ts';
import { readStored } from '../../state/stored.ts';
import { blobId, blobSchema, usageRef } from '../documents.ts';
import { ManifestGraph } from './graph.ts';

type SizeDocuments = ReadDocument & QueryDocuments;

/** In bytes. An index is measured with the manifests that it lists. */
export interface ImageSizes {
  /** Of the manifests and of the blobs that they name, each once, stored here or not. */
  readonly logicalBytes: number;
  /** Of Blob Storage, what nothing else needs: no other manifest of the repository, and no other repository. */
  readonly uniqueBytes: number;
  /** Of Blob Storage, what something else needs too. */
  readonly sharedBytes: number;
  /** What Blob Storage holds less in the end when it is deleted, with what nothing else keeps: untagged children of no other index, and referrers. */
  readonly freedBytes: number;
}

/** Costs reads in the number of its blobs, and of the repository's indexes where it is of one. `undefined` when there is no such manifest. Throws `StoreFailure`. */
export async function imageSizes(documents: SizeDocuments, key: RepositoryKey, digest: Digest): Promise<ImageSizes | undefined> {
  const graph = new ManifestGraph(documents, key);
  if ((await graph.manifest(digest)) === undefined) return undefined;
  const [whole, going] = await Promise.all([manifestsOf(graph, await graph.withChildren(digest)), manifestsOf(graph, await graph.withDependents(digest))]);
  const look = contentsIn(documents, key);
  const [own, freed] = await Promise.all([look(whole), look(going)]);
  return { logicalBytes: logicalBytes(whole), uniqueBytes: own.alone, sharedBytes: own.stored - own.alone, freedBytes: freed.alone };
}

/** As `imageSizes`; while another tag or an index keeps the manifest, deleting this tag frees nothing. */
export async function tagSizes(documents: SizeDocuments, key: RepositoryKey, digest: Digest): Promise<ImageSizes | undefined> {
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

function blobsOf({ references }: ManifestDocument): Map<Digest, number> {
  return new Map(references.filter(({ role }) => role !== 'manifest').map(({ digest, size }) => [digest, size]));
}

function logicalBytes(manifests: readonly ManifestDocument[]): number {
  const blobs = new Map(manifests.flatMap((manifest) => [...blobsOf(manifest)]));
  return sum(blobs.values()) + sum(manifests.map(({ size }) => size));
}

const readsAtOnce = 16;

interface Stored {
  readonly stored: number;
  /** Of that, what nothing outside of the manifests needs. */
  readonly alone: number;
}

function contentsIn(documents: SizeDocuments, key: RepositoryKey): (manifests: readonly ManifestDocument[]) => Promise<Stored> {
  const limit = pLimit(readsAtOnce);
  const blobs = new Map<Digest, Promise<HeldBlob>>();
  const blob = (digest: Digest) => {
    const reading = blobs.get(digest) ?? limit(() => heldBlob(documents, key, digest));
    blobs.set(digest, reading);
    return reading;
  };
  return async (manifests) => {
    const among = Map.groupBy(manifests.flatMap((manifest) => [...blobsOf(manifest).keys()]), (digest) => digest);
    const each = await Promise.all([
      ...[...among].map(async ([digest, { length: needed }]) => {
        const { bytes, images, elsewhere } = await blob(digest);
        return { stored: bytes, alone: elsewhere || images > needed ? 0 : bytes };
      }),
      ...manifests.map((manifest) => limit(() => ownContent(documents, manifest))),
    ]);
    return { stored: sum(each.map(({ stored }) => stored)), alone: sum(each.map(({ alone }) => alone)) };
  };
}

interface HeldBlob {
  /** Of all copies; none where this repository may not read it. */
  readonly bytes: number;
  /** Of this repository that need it. */
  readonly images: number;
  readonly elsewhere: boolean;
}

/** One of another repository that nobody dropped is enough. */
const linksLookedAt = 20;

async function heldBlob(documents: SizeDocuments, key: RepositoryKey, digest: Digest): Promise<HeldBlob> {
  const [counted, link, blob, links] = await Promise.all([
    readStored(documents, blobSchema, usageRef(key, blobId(digest))),
    documents.readDocument(linkRef(key, digest)),
    readStored(documents, blobDocumentSchema, blobRef(digest)),
    documents.queryDocuments({ container: 'blobs', partition: [digest], where: [{ path: 'type', is: '=', value: 'link' }], limit: linksLookedAt }),
  ]);
  const bytes = link === undefined || blob === undefined ? 0 : blob.document.size * Object.keys(blob.document.copies).length;
  return { bytes, images: counted?.document.images ?? 0, elsewhere: links.documents.filter(({ document }) => document.droppedAt === undefined).length > 1 };
}

/** A manifest that does not fit into its document: its bytes may be those of other repositories, too. */
async function ownContent(documents: SizeDocuments, { registry, content, size }: ManifestDocument): Promise<Stored> {
  if ('text' in content) return { stored: 0, alone: 0 };
  const named = await documents.queryDocuments({ container: 'repositories', partition: [registry], where: [{ path: 'content.blob', is: '=', value: content.blob }], limit: 2 });
  return { stored: size, alone: named.documents.length > 1 ? 0 : size };
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
