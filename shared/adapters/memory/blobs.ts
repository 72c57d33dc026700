import type { Blobs, ByteRange } from '../../core/ports/blobs.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { BlobStore, StoredBlob } from './blobstore.ts';
import type { CallPlan } from './calls.ts';
import { fetchSigned, signedUrl } from './signedurls.ts';

/** The limit of https://learn.microsoft.com/azure/storage/blobs/scalability-targets */
const maxBlocks = 50_000;
/** The port's own limit, far below that of Blob Storage. */
const maxBlockBytes = 100 * 1024 * 1024;

/**
 * Stores blobs in memory. Refuses (`TypeError`) what Blob Storage refuses: block ids of different lengths, names of
 * metadata that are no identifiers.
 */
export function memoryBlobs(
  store: BlobStore,
  calls: CallPlan,
  clock: Clock,
  storeAt: (host: string) => BlobStore = () => store,
): Blobs {
  return {
    stageBlock: (name, blockId, bytes) =>
      calls.make('blobs.stage', { name, blockId, size: bytes.length }, () => {
        requireBlock(store, name, blockId, bytes);
        store.stage(name, blockId, bytes);
      }),
    stageBlockFrom: (name, blockId, source, { offset, length }) =>
      calls.make('blobs.stageFrom', { name, blockId, offset, length }, () => {
        const bytes = fetchSigned(storeAt(new URL(source).host), source, clock.now());
        if (bytes === undefined) return 'unreadable';
        const range = bytes.subarray(offset, offset + length);
        requireBlock(store, name, blockId, range);
        store.stage(name, blockId, range);
        return 'staged';
      }),
    listStagedBlocks: (name) =>
      calls.make('blobs.listStaged', name, () =>
        [...store.staged(name)].map(([blockId, bytes]) => ({ blockId, size: bytes.length })),
      ),
    commitBlocks: (name, blockIds, metadata) =>
      calls.make('blobs.commit', { name, blockIds, metadata }, () => commit(store, name, blockIds, metadata)),
    putBlob: (name, bytes, metadata) =>
      calls.make('blobs.put', { name, size: bytes.length, metadata }, () => {
        requireMetadata(metadata);
        store.put(name, [new Uint8Array(bytes)], metadata);
      }),
    statBlob: (name) =>
      calls.make('blobs.stat', name, () => {
        const blob = store.get(name);
        return blob === undefined ? undefined : { size: blob.size, metadata: blob.metadata, etag: blob.etag };
      }),
    readBlob: (name, range) =>
      calls.make('blobs.read', { name, range }, (call) => {
        const blob = store.get(name);
        return blob === undefined ? undefined : streamOf(blob, range, calls.cutOf(call));
      }),
    deleteBlob: (name, ifMatch) => calls.make('blobs.delete', { name, ifMatch }, () => remove(store, name, ifMatch)),
    listBlobs: (limit, continuation) =>
      calls.make('blobs.list', { limit, continuation }, () => list(store, limit, continuation)),
    signBlobUrl: (name, seconds) =>
      calls.make('blobs.sign', { name, seconds }, () =>
        signedUrl(store.host, name, clock.now().getTime() + seconds * 1000),
      ),
  };
}

function commit(
  store: BlobStore,
  name: string,
  blockIds: readonly string[],
  metadata: Readonly<Record<string, string>>,
): 'committed' | 'missing' | 'exists' {
  requireMetadata(metadata);
  if (blockIds.length > maxBlocks) throw new TypeError(`${name} is committed with ${blockIds.length} blocks`);
  if (store.get(name) !== undefined) return 'exists';
  const staged = store.staged(name);
  const chunks: Uint8Array[] = [];
  for (const blockId of blockIds) {
    const bytes = staged.get(blockId);
    if (bytes === undefined) return 'missing';
    chunks.push(bytes);
  }
  store.put(name, chunks, metadata);
  return 'committed';
}

/** Lists blobs in the order of UTF-16 units, as Blob Storage orders the ASCII names that are used here. */
function list(store: BlobStore, limit: number, continuation = ''): Awaited<ReturnType<Blobs['listBlobs']>> {
  const behind = store
    .names()
    .filter((name) => name > continuation)
    .sort((a, b) => (a < b ? -1 : 1));
  const names = behind.slice(0, limit);
  const blobs = names.flatMap((name) => {
    const blob = store.get(name);
    return blob === undefined
      ? []
      : [{ name, size: blob.size, metadata: blob.metadata, etag: blob.etag, modifiedAt: new Date(blob.modifiedAt) }];
  });
  const last = names.at(-1);
  return behind.length > names.length && last !== undefined ? { blobs, continuation: last } : { blobs };
}

function remove(store: BlobStore, name: string, ifMatch: string | undefined): boolean {
  const blob = store.get(name);
  if (blob === undefined || (ifMatch !== undefined && ifMatch !== blob.etag)) return false;
  store.delete(name);
  return true;
}

function streamOf(blob: StoredBlob, range: ByteRange | undefined, cutAfter = Infinity): ReadableStream<Uint8Array> {
  const chunks = slices(blob.chunks, range);
  let sent = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = chunks.next();
        if (next.done === true) {
          controller.close();
          return;
        }
        const bytes = next.value.slice(0, cutAfter - sent);
        sent += bytes.length;
        if (bytes.length > 0) controller.enqueue(bytes);
        if (bytes.length < next.value.length)
          controller.error(
            new StoreFailure({ dependency: 'blobs', kind: 'unavailable', message: 'planned break of a stream' }),
          );
      },
    },
    // Nothing is sliced before somebody reads.
    { highWaterMark: 0 },
  );
}

/** Cuts bytes into parts of at most 64 KiB, as a socket delivers them. */
function* slices(chunks: readonly Uint8Array[], range: ByteRange = { offset: 0 }): Generator<Uint8Array, void> {
  const end = range.length === undefined ? Infinity : range.offset + range.length;
  let chunkStart = 0;
  for (const chunk of chunks) {
    const from = Math.max(0, range.offset - chunkStart);
    const to = Math.min(chunk.length, end - chunkStart);
    for (let at = from; at < to; at += 65_536) yield chunk.subarray(at, Math.min(at + 65_536, to));
    chunkStart += chunk.length;
  }
}

function requireBlock(store: BlobStore, name: string, blockId: string, bytes: Uint8Array): void {
  if (!/^[\x20-\x7e]{1,64}$/.test(blockId)) throw new TypeError(`${JSON.stringify(blockId)} is no block id`);
  if (bytes.length === 0 || bytes.length > maxBlockBytes)
    throw new TypeError(`block ${blockId} of ${name} has ${bytes.length} bytes`);
  const [other] = store.staged(name).keys();
  if (other !== undefined && other.length !== blockId.length)
    throw new TypeError(`block ids ${other} and ${blockId} of ${name} differ in length`);
}

/** Checks metadata. Names are in lower case, because they travel as headers and come back so. */
function requireMetadata(metadata: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || !/^[\x20-\x7e]*$/.test(value))
      throw new TypeError(`${name}: ${JSON.stringify(value)} cannot be blob metadata`);
  }
}
