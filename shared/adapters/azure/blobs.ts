import { hash } from 'node:crypto';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { BlobServiceClient } from '@azure/storage-blob';
import { defined } from '../../core/documents/defined.ts';
import type { Blobs } from '../../core/ports/blobs.ts';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import { within } from './deadline.ts';
import { openBlob } from './readblob.ts';
import { blobUrlSigner } from './signblob.ts';
import type { StorageSettings } from './storageclient.ts';
import { storagePipeline, usualSeconds } from './storageclient.ts';
import { storageAnswer, storageFailure } from './storagefailures.ts';

/** The time for a block of 100 MiB over a slow path. */
const stageSeconds = 180;

/** Blobs of one container of a storage account. The container must exist. */
export function azureBlobs(settings: StorageSettings & { readonly container: string }): Blobs & ProbeDependency {
  const service =
    'connectionString' in settings
      ? BlobServiceClient.fromConnectionString(settings.connectionString, storagePipeline())
      : new BlobServiceClient(settings.endpoint, settings.credential, storagePipeline());
  const container = service.getContainerClient(settings.container);
  const client = (name: string): BlockBlobClient => container.getBlockBlobClient(name);
  const sign = blobUrlSigner(service, container);
  return {
    async stageBlock(name, blockId, bytes) {
      requireBlock(name, blockId, bytes);
      const stage = (abortSignal: AbortSignal) =>
        client(name).stageBlock(base64(blockId), body(bytes), bytes.length, {
          transactionalContentMD5: checksum(bytes),
          abortSignal,
        });
      await attempt(`stage ${blockId} of ${name}`, within(stageSeconds, stage));
    },
    stageBlockFrom: (name, blockId, source, range) => stageFrom(client(name), blockId, source, range),
    listStagedBlocks: (name) => listStaged(client(name)),
    commitBlocks: (name, blockIds, metadata) => commit(client(name), blockIds, metadata),
    async putBlob(name, bytes, metadata) {
      await attempt(
        `put ${name}`,
        within(stageSeconds, (abortSignal) =>
          client(name).upload(body(bytes), bytes.length, { metadata, abortSignal }),
        ),
      );
    },
    statBlob: (name) => stat(client(name)),
    readBlob: (name, range) => openBlob(client(name), range),
    deleteBlob: (name, ifMatch) => remove(client(name), ifMatch),
    listBlobs: (limit, continuation) => list(container, limit, continuation),
    signBlobUrl: (name, seconds) => attempt(`sign ${name}`, sign(name, seconds)),
    dependency: 'blobs',
    probe: () => probe(container),
  };
}

async function attempt<T>(call: string, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw storageFailure('blobs', call, error);
  });
}

async function stageFrom(
  client: BlockBlobClient,
  blockId: string,
  source: string,
  { offset, length }: { offset: number; length: number },
): ReturnType<Blobs['stageBlockFrom']> {
  try {
    await within(stageSeconds, (abortSignal) =>
      client.stageBlockFromURL(base64(blockId), source, offset, length, { abortSignal }),
    );
    return 'staged';
  } catch (error) {
    const { status, errorCode } = storageAnswer(error);
    // The status is what the source answered: gone, or a URL that has expired. Anything above is an outage of either
    // side.
    if (errorCode === 'CannotVerifyCopySource' && status !== undefined && status < 500) return 'unreadable';
    throw storageFailure('blobs', `stage ${blockId} of ${client.name} from another account`, error);
  }
}

async function listStaged(client: BlockBlobClient): ReturnType<Blobs['listStagedBlocks']> {
  try {
    const { uncommittedBlocks = [] } = await within(usualSeconds, (abortSignal) =>
      client.getBlockList('uncommitted', { abortSignal }),
    );
    return uncommittedBlocks.map(({ name, size }) => ({
      blockId: Buffer.from(name, 'base64').toString('latin1'),
      size,
    }));
  } catch (error) {
    if (storageAnswer(error).errorCode === 'BlobNotFound') return [];
    throw storageFailure('blobs', `list blocks of ${client.name}`, error);
  }
}

async function commit(
  client: BlockBlobClient,
  blockIds: readonly string[],
  metadata: Readonly<Record<string, string>>,
): ReturnType<Blobs['commitBlocks']> {
  try {
    await within(usualSeconds, (abortSignal) =>
      client.commitBlockList(blockIds.map(base64), {
        metadata: { ...metadata },
        conditions: { ifNoneMatch: '*' },
        abortSignal,
      }),
    );
    return 'committed';
  } catch (error) {
    const { status, errorCode } = storageAnswer(error);
    if (errorCode === 'BlobAlreadyExists' || status === 412) return 'exists';
    if (errorCode === 'InvalidBlockList') return 'missing';
    throw storageFailure('blobs', `commit ${client.name}`, error);
  }
}

async function stat(client: BlockBlobClient): ReturnType<Blobs['statBlob']> {
  try {
    const {
      contentLength,
      metadata = {},
      etag,
    } = await within(usualSeconds, (abortSignal) => client.getProperties({ abortSignal }));
    if (contentLength === undefined || etag === undefined) throw new TypeError('properties without length or etag');
    return { size: contentLength, metadata, etag };
  } catch (error) {
    if (storageAnswer(error).errorCode === 'BlobNotFound') return undefined;
    throw storageFailure('blobs', `stat ${client.name}`, error);
  }
}

async function list(
  container: ContainerClient,
  limit: number,
  continuationToken: string | undefined,
): ReturnType<Blobs['listBlobs']> {
  const pageOf = (abortSignal: AbortSignal) =>
    container
      .listBlobsFlat({ includeMetadata: true, abortSignal })
      .byPage({ maxPageSize: limit, ...defined({ continuationToken }) })
      .next();
  const page = await attempt('list', within(usualSeconds, pageOf));
  if (page.done === true) return { blobs: [] };
  const { segment, continuationToken: next } = page.value;
  const blobs = segment.blobItems.map(
    ({ name, properties: { contentLength = 0, etag, lastModified }, metadata = {} }) => ({
      name,
      size: contentLength,
      metadata,
      etag: quoted(etag),
      modifiedAt: lastModified,
    }),
  );
  return next === undefined || next === '' ? { blobs } : { blobs, continuation: next };
}

/** Adds the quotes that a header's etags have and a list's have not. */
function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

async function remove(client: BlockBlobClient, ifMatch: string | undefined): Promise<boolean> {
  try {
    await within(usualSeconds, (abortSignal) => client.delete({ conditions: defined({ ifMatch }), abortSignal }));
    return true;
  } catch (error) {
    const { status, errorCode } = storageAnswer(error);
    if (errorCode === 'BlobNotFound' || status === 412) return false;
    throw storageFailure('blobs', `delete ${client.name}`, error);
  }
}

async function probe(container: ContainerClient): Promise<void> {
  await attempt(
    'probe',
    within(10, (abortSignal) => container.getProperties({ abortSignal })),
  );
}

function requireBlock(name: string, blockId: string, bytes: Uint8Array): void {
  if (!/^[\x20-\x7e]{1,64}$/.test(blockId)) throw new TypeError(`${JSON.stringify(blockId)} is no block id`);
  if (bytes.length === 0) throw new TypeError(`block ${blockId} of ${name} is empty`);
}

/**
 * Hashes a block, so that the store refuses one that arrives otherwise. Nothing is read back, and a digest whose bytes
 * are wrong could not be repaired by pushing it again, because it is known. It is MD5, because Node has no CRC64 of its
 * own; it guards against accidents, not attacks.
 */
function checksum(bytes: Uint8Array): Buffer {
  return hash('md5', bytes, 'buffer');
}

/** Views the bytes as a Buffer, without a copy. */
function body(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function base64(blockId: string): string {
  return Buffer.from(blockId, 'latin1').toString('base64');
}
