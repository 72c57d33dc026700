/**
 * The properties of a physical blob. We name these blobs (docs/architecture.md, "Bytes"); this port knows nothing of
 * digests.
 */
interface BlobProperties {
  /** The size in bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
}

export interface StageBlock {
  /**
   * Keeps `bytes` (at most 100 MiB) as an uncommitted block. All ids of one blob have one length, in ASCII. Staging an
   * id again replaces it. Blocks that are never committed vanish after a week. `bytes` is the caller's again once the
   * promise has settled. Throws `StoreFailure`.
   */
  stageBlock(name: string, blockId: string, bytes: Uint8Array): Promise<void>;
}

interface StageBlockFrom {
  /**
   * Stages a block with a range of the bytes behind `source`, which the store fetches itself: none pass through this
   * process. `source` is a URL of another account's `signBlobUrl`. Returns `unreadable` if nothing can be read there.
   * Throws `StoreFailure`.
   */
  stageBlockFrom(
    name: string,
    blockId: string,
    source: string,
    range: { readonly offset: number; readonly length: number },
  ): Promise<'staged' | 'unreadable'>;
}

interface ListStagedBlocks {
  /** Lists the uncommitted blocks, in no order; empty if there are none. Throws `StoreFailure`. */
  listStagedBlocks(name: string): Promise<readonly { readonly blockId: string; readonly size: number }[]>;
}

export interface CommitBlocks {
  /**
   * Makes the named blocks, in this order, the blob. An empty list makes an empty blob. Returns `missing` if a block is
   * not staged, and `exists` if the blob is already there: it is left as it is. Throws `StoreFailure`.
   */
  commitBlocks(
    name: string,
    blockIds: readonly string[],
    metadata: Readonly<Record<string, string>>,
  ): Promise<'committed' | 'missing' | 'exists'>;
}

interface PutBlob {
  /** Writes a small blob whole, over an existing one. Throws `StoreFailure`. */
  putBlob(name: string, bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Promise<void>;
}

export interface StatBlob {
  /** Reads a blob's properties; `undefined` if there is none. Throws `StoreFailure`. */
  statBlob(name: string): Promise<BlobProperties | undefined>;
}

/** A range of bytes; `length` may reach past the end. */
export interface ByteRange {
  readonly offset: number;
  readonly length?: number;
}

export interface ReadBlob {
  /**
   * Reads the bytes as a stream, whose chunks are the reader's own; `undefined` if there is no such blob. Throws
   * `StoreFailure`, also out of the stream.
   */
  readBlob(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
}

export interface DeleteBlob {
  /** Deletes a blob; `false` if there was none, or its etag is not `ifMatch`. Throws `StoreFailure`. */
  deleteBlob(name: string, ifMatch?: string): Promise<boolean>;
}

export interface SignBlobUrl {
  /**
   * Makes a URL from which a client reads the blob without credentials for `seconds`. Does not check that the blob
   * exists.
   */
  signBlobUrl(name: string, seconds: number): Promise<string>;
}

export interface ListedBlob extends BlobProperties {
  readonly name: string;
  readonly modifiedAt: Date;
}

export interface ListBlobs {
  /**
   * Lists a page of at most `limit` (to 5,000) committed blobs, in the order of their names; a page may hold fewer and
   * not be the last. `continuation` is absent on the last one; passed in, it continues behind the page that it came
   * with. Throws `StoreFailure`.
   */
  listBlobs(
    limit: number,
    continuation?: string,
  ): Promise<{ readonly blobs: readonly ListedBlob[]; readonly continuation?: string }>;
}

export type Blobs = StageBlock &
  StageBlockFrom &
  ListStagedBlocks &
  CommitBlocks &
  PutBlob &
  StatBlob &
  ReadBlob &
  DeleteBlob &
  SignBlobUrl &
  ListBlobs;
