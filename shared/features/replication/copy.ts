import { backoff } from '../../core/documents/backoff.ts';
import type { BlobDocument } from '../../core/documents/blob.ts';
import { blobDocumentSchema, blobRef } from '../../core/documents/blob.ts';
import { patching, removing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { LeaseTerms } from '../../core/documents/lease.ts';
import { Lease, leaseEnd } from '../../core/documents/lease.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { algorithmOf, digestOfStream } from '../../core/oci/digest.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { blocksOf, stageMissing } from './blocks.ts';
import type { Copy } from './documents.ts';
import { copies, copyRef, copySchema } from './documents.ts';
import type { Pace } from './pace.ts';
import type { ReplicationPorts } from './ports.ts';

/** The source's URL is valid for so many seconds: longer than all the blocks that are copied with one. */
const sourceSeconds = 6 * 3_600;

/** The outcome of an attempt; `failed` says why it is to be repeated. */
export type CopyOutcome =
  { readonly is: 'copied' | 'gone' | 'taken' } | { readonly is: 'failed'; readonly why: string };

/** Acquires a copy that is due; `undefined` when another process was faster. */
export async function claim(ports: ReplicationPorts, found: Stored<Copy>): Promise<Copy | undefined> {
  const lease = await Lease.take(ports, copies, found, leaseOf(ports), { begun: true });
  return lease?.held.document;
}

function leaseOf({ settings }: ReplicationPorts): LeaseTerms<Copy> {
  return { ms: settings.leaseMs, until: (dueAt) => ({ dueAt }) };
}

/**
 * Copies a claimed blob to this region: its storage fetches it from another's, block by block; blocks that a crash left
 * staged are not fetched again. Then blob and copy change in one transaction, which fails if the blob is gone. Throws
 * `StoreFailure`: then the copy is to be repeated.
 */
export async function copyBlob(ports: ReplicationPorts, copy: Copy, pace: Pace): Promise<CopyOutcome> {
  const blob = (await readStored(ports.documents, blobDocumentSchema, blobRef(copy.digest)))?.document;
  if (blob === undefined || blob.copies[copy.region] !== undefined) return register(ports, copy);
  const before = copy.begun ? await ports.blobs.statBlob(copy.name) : undefined;
  // A process that died before it could record it has committed it.
  if (before?.size !== copy.size) {
    const outcome = await copyBlocks(ports, copy, blob, pace);
    if (outcome !== undefined) return outcome;
  }
  if (copy.verify === 'hash' && !(await hasDigest(ports, copy))) {
    await ports.blobs.deleteBlob(copy.name);
    return { is: 'failed', why: 'the copy has another digest, and was deleted' };
  }
  return register(ports, copy);
}

/** Copies the blocks; `undefined` when the bytes are there. */
async function copyBlocks(
  ports: ReplicationPorts,
  copy: Copy,
  blob: BlobDocument,
  pace: Pace,
): Promise<CopyOutcome | undefined> {
  const {
    blobs,
    settings: { blockBytes },
  } = ports;
  const { name, size, digest, bytesPerSecond } = copy;
  const source = await sourceOf(ports, blob, copy.attempts);
  if (source === undefined)
    return { is: 'failed', why: `no region that has it answers: it is in ${Object.keys(blob.copies).join(', ')}` };
  const staged = copy.begun
    ? new Map((await blobs.listStagedBlocks(name)).map((block) => [block.blockId, block.size]))
    : new Map<string, number>();
  const outcome = await stageMissing(
    blobs,
    { name, size, blockBytes, source, bytesPerSecond },
    staged,
    pace,
    keeper(ports, copy),
  );
  if (outcome === 'unreadable') return { is: 'failed', why: 'its bytes could not be read where they should be' };
  const committed = await blobs.commitBlocks(
    name,
    blocksOf({ size, blockBytes }).map(({ id }) => id),
    { digest, proven: 'yes' },
  );
  return committed === 'missing' ? { is: 'failed', why: 'its staged blocks are gone' } : undefined;
}

/** Returns the URL of a copy in another region that answers; after a failure, in the next of them. */
async function sourceOf(
  { regions }: ReplicationPorts,
  { copies }: BlobDocument,
  attempts: number,
): Promise<string | undefined> {
  const there = Object.entries(copies).filter(([region]) => region !== regions.here);
  const up = (
    await Promise.all(there.map(async ([region, { name }]) => ({ region, name, up: await regions.isUp(region) })))
  ).filter((each) => each.up);
  const next = up[attempts % Math.max(1, up.length)];
  return next === undefined ? undefined : regions.blobsIn(next.region)?.signBlobUrl(next.name, sourceSeconds);
}

/**
 * Keeps the lease on the copy while blocks arrive, and records its progress: at most once in a quarter of the lease.
 */
function keeper(
  { documents, clock, settings: { leaseMs } }: ReplicationPorts,
  copy: Copy,
): (bytes: number) => Promise<void> {
  let [bytesDone, savedAt] = [0, clock.now().getTime()];
  return async (bytes) => {
    bytesDone += bytes;
    const now = clock.now().getTime();
    if (now - savedAt < leaseMs / 4) return;
    savedAt = now;
    await documents.commitDocuments(
      'blobs',
      [copy.digest],
      [{ do: 'patch', id: copy.id, set: { bytesDone, dueAt: leaseEnd(new Date(now), leaseMs) } }],
    );
  };
}

async function hasDigest({ blobs }: ReplicationPorts, { name, digest }: Copy): Promise<boolean> {
  const stream = await blobs.readBlob(name);
  return stream !== undefined && (await digestOfStream(stream, algorithmOf(digest))) === digest;
}

/**
 * Records that this region has the blob, and that nothing is left to do for it. A blob that was collected meanwhile is
 * not restored: its bytes are deleted. A process that finds that another has registered a copy deletes its own.
 */
async function register(ports: ReplicationPorts, { digest, region, name }: Copy): Promise<CopyOutcome> {
  const { documents, blobs, clock } = ports;
  const ref = copyRef(digest, region);
  return untilUncontended(`the copy of ${digest} in ${region}`, async () => {
    const [blob, copy] = await Promise.all([
      readStored(documents, blobDocumentSchema, blobRef(digest)),
      readStored(documents, copySchema, ref),
    ]);
    const there = blob?.document.copies[region]?.name;
    const done = copy === undefined ? [] : [removing(copy)];
    if (blob === undefined || (there !== undefined && there !== name)) {
      await blobs.deleteBlob(name);
      if (done.length > 0 && !(await documents.commitDocuments('blobs', [digest], done)).committed) return undefined;
      return { is: 'gone' } as const;
    }
    // Another process has registered these very bytes, or the copy was planned again under another name.
    if (there === name || copy?.document.name !== name) return { is: there === name ? 'copied' : 'taken' } as const;
    const copied = patching(blob, { [`copies.${region}`]: { name, storedAt: clock.now().toISOString() } });
    return (await documents.commitDocuments('blobs', [digest], [copied, ...done])).committed
      ? ({ is: 'copied' } as const)
      : undefined;
  });
}

/** A copy is reported as failing after so many attempts. */
export const failingAfter = 5;
const waits = { first: 5_000, longest: 10 * 60_000 };

/** Postpones a copy, and notes why. Returns how often it has failed by now; `undefined` when it is gone. */
export async function putOff(
  { documents, clock }: ReplicationPorts,
  { digest, region }: Copy,
  why: string,
): Promise<number | undefined> {
  const found = await readStored(documents, copySchema, copyRef(digest, region));
  if (found === undefined) return undefined;
  const attempts = found.document.attempts + 1;
  const dueAt = new Date(clock.now().getTime() + backoff(attempts, waits)).toISOString();
  await documents.commitDocuments(
    'blobs',
    [digest],
    [{ do: 'patch', id: found.document.id, set: { attempts, dueAt, error: why.slice(0, 300) } }],
  );
  return attempts;
}

/** Words a failure for documents and logs: a store's message may name hosts, which operators may see. */
export function whyFailed(error: unknown): string {
  if (error instanceof StoreFailure) return error.message;
  throw error;
}
