import pLimit from 'p-limit';
import { linkDocumentSchema, linkRef } from '../../core/documents/blob.ts';
import { adding, isUnchanged, patching, removing, writing, written } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { CommitDocuments, DocumentChange, ReadDocument } from '../../core/ports/documents.ts';
import type { UsageImage } from './documents.ts';
import { blobId, blobSchema, imageId, imageSchema, usageRef } from './documents.ts';
import { readTotals, totalsChange } from './totals.ts';

type Store = ReadDocument & CommitDocuments;

const readsAtOnce = 16;
const linkSize = linkDocumentSchema.pick({ size: true });

/** The blobs in one batch: it holds 100 changes, and the image and the totals change too. */
const blobsAtOnce = 90;

/**
 * Reconciles the counters of one image with whether its manifest exists now. Because it reads the manifest, and does
 * not add up events, it is right in any order of events and however often each is delivered; it resumes where a crash
 * stopped it.
 */
export async function reconcileImage(documents: Store, key: RepositoryKey, digest: Digest): Promise<void> {
  let known: Counted | undefined;
  for (;;) {
    const left = await untilUncontended(`usage of ${key.repository}@${digest}`, () => {
      const from = known;
      // If another process has written since, the counters are read anew.
      known = undefined;
      return reconcileStep(documents, key, digest, from);
    });
    if (left === 'reconciled') return;
    known = left;
  }
}

/** The counters of an image as they were read, or as a step has left them. */
interface Counted {
  readonly image: Stored<UsageImage> | undefined;
}

/**
 * Writes one batch and returns the counters as it left them: the manifest is read once more after every write, for it
 * may have been deleted or pushed since. Returns `reconciled` when nothing is left to do, `undefined` when somebody else
 * wrote in between.
 */
async function reconcileStep(
  documents: Store,
  key: RepositoryKey,
  digest: Digest,
  known: Counted | undefined,
): Promise<Counted | 'reconciled' | undefined> {
  // The image is read before the manifest: a process that counts a later change of the manifest changes the image's
  // etag.
  const { image: counted } = known ?? {
    image: await readStored(documents, imageSchema, usageRef(key, imageId(digest))),
  };
  const manifest = await readStored(documents, manifestDocumentSchema, manifestRef(key, digest));
  const present = manifest !== undefined;
  const image = counted?.document ?? (present ? await newImage(documents, manifest.document) : undefined);
  if (image === undefined || isReconciled(image, present)) return 'reconciled';
  const step = present
    ? { from: image.counted, to: Math.min(image.blobs.length, image.counted + blobsAtOnce) }
    : { from: Math.max(0, image.counted - blobsAtOnce), to: image.counted };
  const [blobs, totals] = await Promise.all([
    blobChanges(documents, key, image.blobs.slice(step.from, step.to), present),
    readTotals(documents, key),
  ]);
  if (blobs === 'uncounted') return missingCounter(documents, key, image, counted);
  const appeared = Number(present) - Number(image.present);
  const total = totalsChange(totals, key, { images: appeared, bytes: blobs.bytes + appeared * image.size });
  const after: UsageImage = { ...image, present, counted: present ? step.to : step.from };
  const change = imageChange(after, counted);
  const outcome = await documents.commitDocuments('usage', partitionOf(key), [change, total, ...blobs.changes]);
  if (!outcome.committed) return undefined;
  return { image: change.do === 'delete' ? undefined : written(outcome, after) };
}

/**
 * Returns `undefined`, to read again, when somebody else has uncounted the image between the reads, and its last blobs
 * with it. Throws when nobody has.
 */
async function missingCounter(
  documents: Store,
  key: RepositoryKey,
  { digest }: UsageImage,
  counted: Stored<UsageImage> | undefined,
): Promise<undefined> {
  const now = await documents.readDocument(usageRef(key, imageId(digest)));
  if (isUnchanged(counted, now))
    throw new TypeError(`a blob of ${key.repository}@${digest} is counted by the image and by no counter`);
  return undefined;
}

function isReconciled(image: UsageImage, present: boolean): boolean {
  return image.present === present && image.counted === (present ? image.blobs.length : 0);
}

async function newImage(
  documents: ReadDocument,
  { registry, repository, digest, size, references }: ManifestDocument,
): Promise<UsageImage> {
  const unique = new Map(references.filter(({ role }) => role !== 'manifest').map((blob) => [blob.digest, blob]));
  const limit = pLimit(readsAtOnce);
  const blobs = await Promise.all(
    [...unique.values()].map((blob) =>
      limit(async () => ({
        digest: blob.digest,
        size: blob.stored ?? (await storedSize(documents, { registry, repository }, blob.digest)),
      })),
    ),
  );
  return {
    id: imageId(digest),
    type: 'usage-image',
    schemaVersion: 1,
    registry,
    repository,
    digest,
    size,
    present: false,
    blobs,
    counted: 0,
  };
}

/**
 * Returns the stored size, which the link has: it is none for a layer that is stored in another place, whatever size
 * its manifest claims.
 */
export async function storedSize(documents: ReadDocument, key: RepositoryKey, digest: Digest): Promise<number> {
  return (await readStored(documents, linkSize, linkRef(key, digest)))?.document.size ?? 0;
}

function imageChange(image: UsageImage, before: Stored<UsageImage> | undefined): DocumentChange {
  const gone = !image.present && image.counted === 0;
  if (gone && before !== undefined) return removing(before);
  return writing(before, image);
}

async function blobChanges(
  documents: ReadDocument,
  key: RepositoryKey,
  blobs: UsageImage['blobs'],
  present: boolean,
): Promise<{ changes: DocumentChange[]; bytes: number } | 'uncounted'> {
  const steps = await Promise.all(
    blobs.map((blob) => (present ? countBlob(documents, key, blob) : uncountBlob(documents, key, blob))),
  );
  const each = steps.filter((step) => step !== undefined);
  if (each.length < steps.length) return 'uncounted';
  return { changes: each.map(({ change }) => change), bytes: each.reduce((sum, { bytes }) => sum + bytes, 0) };
}

interface BlobStep {
  readonly change: DocumentChange;
  readonly bytes: number;
}

async function countBlob(
  documents: ReadDocument,
  key: RepositoryKey,
  { digest, size }: UsageImage['blobs'][number],
): Promise<BlobStep> {
  const before = await readStored(documents, blobSchema, usageRef(key, blobId(digest)));
  if (before !== undefined) {
    const increment = [{ path: 'images', by: 1 }];
    // The blob was counted when it was not stored, or by what its manifest claimed.
    const differs = size > 0 && before.document.size !== size;
    return differs
      ? { change: patching(before, { size }, increment), bytes: size - before.document.size }
      : { change: { do: 'patch', id: blobId(digest), increment }, bytes: 0 };
  }
  const { registry, repository } = key;
  return {
    change: {
      do: 'create',
      document: {
        id: blobId(digest),
        type: 'usage-blob',
        schemaVersion: 1,
        registry,
        repository,
        digest,
        size,
        images: 1,
      },
    },
    bytes: size,
  };
}

async function uncountBlob(
  documents: ReadDocument,
  key: RepositoryKey,
  { digest }: UsageImage['blobs'][number],
): Promise<BlobStep | undefined> {
  const before = await readStored(documents, blobSchema, usageRef(key, blobId(digest)));
  if (before === undefined) return undefined;
  // The change is conditional both ways: nobody may have counted the blob up, or down to this last image, since it was
  // read.
  if (before.document.images > 1)
    return {
      change: adding(before, [{ path: 'images', by: -1 }]),
      bytes: 0,
    };
  return { change: removing(before), bytes: -before.document.size };
}
