import type { BlobDocument } from '../../core/documents/blob.ts';
import { blobDocumentSchema, blobId, blobRef } from '../../core/documents/blob.ts';
import { replacing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { algorithmOf, digestOfStream } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { matchesDigest } from './body-hash.ts';
import { ended, wasCancelled } from './cancel-upload.ts';
import { findLink, isYoung, linkChanges, linkStored, nearestCopy } from './links.ts';
import type { RegistryPorts } from './ports.ts';
import { uploadedBlocks } from './upload.ts';
import type { UploadState } from './upload-state.ts';
import { physicalName } from './upload-state.ts';

/**
 * Finishes an upload: its bytes become the blob `digest`, stored once, and its repository may read it. Throws
 * `RegistryError`: `digest-invalid` if the bytes have another digest, `upload-unknown` if they are gone.
 */
export async function finishUpload(ports: RegistryPorts, state: UploadState, digest: Digest): Promise<void> {
  const matches = await matchesDigest(state.hash, digest);
  if (matches === false) throw mismatch(digest);
  if (matches === 'unknown' && !(await isProven(ports, state, digest))) {
    await storeUnproven(ports, state, digest);
    return registerBytes(ports, state, stored(state, digest));
  }
  if (await linkKnown(ports, state, digest)) return;
  await commitBytes(ports, state, digest, 'yes');
  return registerBytes(ports, state, stored(state, digest));
}

/**
 * Returns whether this very upload has proven the digest already, in a request that took longer than its client, or a
 * proxy between, would wait. Otherwise an unproven digest grants nothing, not even a link to a blob that exists.
 */
async function isProven(ports: RegistryPorts, state: UploadState, digest: Digest): Promise<boolean> {
  return (await knownBlob(ports, digest))?.document.copies[ports.settings.region]?.name === physicalName(state);
}

/** Links a blob that this region has already. `false` if it does not have it: then the bytes are needed. */
export function linkKnown(ports: RegistryPorts, key: RepositoryKey, digest: Digest): Promise<boolean> {
  return untilUncontended(`blob ${digest}`, async () => {
    const known = await knownBlob(ports, digest);
    if (known === undefined) return false;
    const own = await findLink(ports, key, digest);
    if (own !== undefined && isYoung(ports, own)) return true;
    return (await linkStored(ports, key, nearestCopy(known.document, ports.settings.region), known)) || undefined;
  });
}

/** Returns the blob's document if this region has its bytes. */
async function knownBlob(ports: RegistryPorts, digest: Digest): Promise<Stored<BlobDocument> | undefined> {
  const known = await readStored(ports.documents, blobDocumentSchema, blobRef(digest));
  return known?.document.copies[ports.settings.region] === undefined ? undefined : known;
}

/**
 * Commits the staged blocks. `proven` is stored with the bytes, so that the map from digests to blobs can be rebuilt
 * from storage alone.
 */
async function commitBytes(
  ports: RegistryPorts,
  state: UploadState,
  digest: Digest,
  proven: 'yes' | 'no',
): Promise<void> {
  const name = physicalName(state);
  const outcome = await ports.blobs.commitBlocks(name, await uploadedBlocks(ports, state), { digest, proven });
  if (outcome === 'missing') throw new RegistryError({ is: 'upload-unknown', why: 'its stored bytes are gone' });
  if (outcome === 'committed') return;
  // An earlier attempt of this request, or another URL of the same upload, has committed. Only the former may stand in
  // for this one.
  const there = await ports.blobs.statBlob(name);
  if (wasCancelled(there)) throw ended();
  if (there?.metadata.digest !== digest || there.metadata.proven !== proven || there.size !== state.offset) {
    throw new RegistryError({
      is: 'upload-invalid',
      why: 'it was finished already, with other content: start a new upload',
    });
  }
}

async function storeUnproven(ports: RegistryPorts, state: UploadState, digest: Digest): Promise<void> {
  await commitBytes(ports, state, digest, 'no');
  const name = physicalName(state);
  const stream = await ports.blobs.readBlob(name);
  if (stream === undefined) throw new RegistryError({ is: 'upload-unknown', why: 'its stored bytes are gone' });
  if ((await digestOfStream(stream, algorithmOf(digest))) === digest) return;
  await ports.blobs.deleteBlob(name);
  throw mismatch(digest);
}

interface StoredBytes {
  readonly digest: Digest;
  /** The physical blob that has these bytes, and no others, in this region. */
  readonly name: string;
  /** The size in bytes. */
  readonly size: number;
}

function stored(state: UploadState, digest: Digest): StoredBytes {
  return { digest, name: physicalName(state), size: state.offset };
}

/**
 * Registers bytes that are stored and have their digest: blob and link in one transaction. If two uploads store the
 * same digest, one wins.
 */
export async function registerBytes(ports: RegistryPorts, key: RepositoryKey, bytes: StoredBytes): Promise<void> {
  const { digest, name, size } = bytes;
  const now = ports.clock.now();
  const region = ports.settings.region;
  const blob: BlobDocument = {
    id: blobId,
    type: 'blob',
    schemaVersion: 1,
    digest,
    size,
    copies: { [region]: { name, storedAt: now.toISOString() } },
    storedAt: now.toISOString(),
  };
  const outcome = await ports.documents.commitDocuments(
    'blobs',
    [digest],
    [{ do: 'create', document: { ...blob } }, ...linkChanges(ports, key, { digest, size, name, region })],
  );
  if (outcome.committed) return;
  const winner = await knownBlob(ports, digest);
  if (winner === undefined) return addCopy(ports, key, bytes);
  // The link is written before the own bytes are deleted: the winner may be collected right now, and then the own bytes
  // are the blob.
  if (!(await linkStored(ports, key, nearestCopy(winner.document, region), winner)))
    return registerBytes(ports, key, bytes);
  if (winner.document.copies[region]?.name !== name) await ports.blobs.deleteBlob(name);
}

/** Adds the stored bytes as this region's copy of a digest that other regions have. */
async function addCopy(ports: RegistryPorts, key: RepositoryKey, bytes: StoredBytes): Promise<void> {
  const { digest, name } = bytes;
  const known = await readStored(ports.documents, blobDocumentSchema, blobRef(digest));
  if (known === undefined) return registerBytes(ports, key, bytes);
  const blob: BlobDocument = {
    ...known.document,
    copies: { ...known.document.copies, [ports.settings.region]: { name, storedAt: ports.clock.now().toISOString() } },
  };
  const outcome = await ports.documents.commitDocuments(
    'blobs',
    [digest],
    [
      replacing(known, blob),
      ...linkChanges(ports, key, { digest, size: blob.size, name, region: ports.settings.region }),
    ],
  );
  if (!outcome.committed) return registerBytes(ports, key, bytes);
}

function mismatch(digest: Digest): RegistryError {
  return new RegistryError({ is: 'digest-invalid', why: `the uploaded bytes do not have the digest ${digest}` });
}
