import type { Readable } from 'node:stream';
import type { BlobClient } from '@azure/storage-blob';
import type { ByteRange } from '../../core/ports/blobs.ts';
import { storageAnswer, storageFailure } from './storagefailures.ts';

/** A broken download is resumed so many times, before the reader sees the failure. */
const resumptions = 3;
/** An answer must begin within so many milliseconds. The bytes take as long as their reader takes. */
const answerMs = 60_000;

export async function openBlob(
  client: BlobClient,
  range: ByteRange = { offset: 0 },
): Promise<ReadableStream<Uint8Array> | undefined> {
  if (range.length === 0) return emptyStream();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), answerMs);
  try {
    const { readableStreamBody } = await client.download(range.offset, range.length, {
      maxRetryRequests: resumptions,
      abortSignal: abort.signal,
    });
    return streamOf(readableStreamBody as Readable, client.name);
  } catch (error) {
    const { errorCode, status } = storageAnswer(error);
    if (errorCode === 'BlobNotFound') return undefined;
    // The range starts at the end or behind it.
    if (status === 416) return emptyStream();
    throw storageFailure('blobs', `read ${client.name}`, error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Streams the bytes. They are pulled chunk by chunk, so that a slow reader slows the socket. `Readable.toWeb` would
 * pass the SDK's errors on as they are.
 */
function streamOf(source: Readable, name: string): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next().catch((error: unknown) => {
          throw storageFailure('blobs', `read ${name}`, error);
        });
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel() {
        source.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
