import type { LimitFunction } from 'p-limit';
import pLimit from 'p-limit';
import type { BlobDocument } from '../../core/documents/blob.ts';
import { blobDocumentSchema, blobRef } from '../../core/documents/blob.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { childrenOf, manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ReplicationPorts } from './ports.ts';

type Reading = Pick<ReplicationPorts, 'documents'>;

const readsAtOnce = 16;
/** Registries do not hold indexes that are nested deeper than this. */
const deepest = 4;

/** Reads a manifest with all manifests that a pull of it needs: itself, the children of an index, and theirs. */
export async function withChildren(
  ports: Reading,
  key: RepositoryKey,
  manifest: ManifestDocument,
  depth = 0,
  limit: LimitFunction = pLimit(readsAtOnce),
): Promise<ManifestDocument[]> {
  const children = depth < deepest ? childrenOf(manifest) : [];
  const below = await Promise.all(
    children.map(async (digest) => {
      const child = await limit(() => readManifest(ports, key, digest));
      return child === undefined ? [] : withChildren(ports, key, child, depth + 1, limit);
    }),
  );
  return [manifest, ...below.flat()];
}

export async function readManifest(
  { documents }: Reading,
  key: RepositoryKey,
  digest: Digest,
): Promise<ManifestDocument | undefined> {
  return (await readStored(documents, manifestDocumentSchema, manifestRef(key, digest)))?.document;
}

/**
 * Reads the blobs of these manifests that are stored, each once. A layer that must not be distributed is not among
 * them.
 */
export async function blobsOf({ documents }: Reading, manifests: readonly ManifestDocument[]): Promise<BlobDocument[]> {
  const digests = new Set(
    manifests.flatMap(({ references }) =>
      references.filter(({ role }) => role !== 'manifest').map(({ digest }) => digest),
    ),
  );
  const limit = pLimit(readsAtOnce);
  const found = await Promise.all(
    [...digests].map((digest) => limit(() => readStored(documents, blobDocumentSchema, blobRef(digest)))),
  );
  return found.flatMap((blob) => blob?.document ?? []);
}

/** Returns the missing blobs, small before large, so that blobs that many images wait for come sooner. */
export function missingIn(region: string, blobs: readonly BlobDocument[]): BlobDocument[] {
  return blobs.filter(({ copies }) => copies[region] === undefined).sort((a, b) => a.size - b.size);
}
