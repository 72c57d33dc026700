/** Physical blobs are named by us (docs/architecture.md, "Bytes"); this port knows nothing of digests. */
interface BlobProperties {
  /** In bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
}

export interface StageBlock {
  /**
   * Keeps `bytes` (at most 100 MiB) as an uncommitted block. All ids of one blob have one length, in ASCII. Staging an
   * id again replaces it. Blocks that are never committed vanish after a week. `bytes` is the caller's again once the
   * promise is settled. Throws `StoreFailure`.
   */
  stageBlock(name: string, blockId: string, bytes: Uint8Array): Promise<void>;
}

interface StageBlockFrom {
  /**
   * As `stageBlock`, with the bytes of a range of what `source` answers, which the store fetches itself: none pass
   * through this process. `source` is of another account's `signBlobUrl`. `unreadable` when nothing can be read there.
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
  /** The uncommitted blocks, in no order; empty when there are none. Throws `StoreFailure`. */
  listStagedBlocks(name: string): Promise<readonly { readonly blockId: string; readonly size: number }[]>;
}

export interface CommitBlocks {
  /**
   * Makes the named blocks, in this order, the blob. An empty list makes an empty blob. `missing` when a block is not
   * staged, `exists` when the blob is already there: it is left as it is. Throws `StoreFailure`.
   */
  commitBlocks(
    name: string,
    blockIds: readonly string[],
    metadata: Readonly<Record<string, string>>,
  ): Promise<'committed' | 'missing' | 'exists'>;
}

interface PutBlob {
  /** Writes a small blob whole, over what is there. Throws `StoreFailure`. */
  putBlob(name: string, bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Promise<void>;
}

export interface StatBlob {
  /** `undefined` when there is none. Throws `StoreFailure`. */
  statBlob(name: string): Promise<BlobProperties | undefined>;
}

/** `length` may reach past the end. */
export interface ByteRange {
  readonly offset: number;
  readonly length?: number;
}

export interface ReadBlob {
  /**
   * The bytes as a stream, whose chunks are the reader's own; `undefined` when there is no such blob. Throws
   * `StoreFailure`, also out of the stream.
   */
  readBlob(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
}

export interface DeleteBlob {
  /** `false` when there was none, or its etag is not `ifMatch`. Throws `StoreFailure`. */
  deleteBlob(name: string, ifMatch?: string): Promise<boolean>;
}

export interface SignBlobUrl {
  /** A URL from which a client reads the blob without credentials for `seconds`. Does not look whether it exists. */
  signBlobUrl(name: string, seconds: number): Promise<string>;
}

export interface ListedBlob extends BlobProperties {
  readonly name: string;
  readonly modifiedAt: Date;
}

export interface ListBlobs {
  /**
   * A page of at most `limit` (to 5,000) committed blobs, in the order of their names; a page may hold fewer and not be
   * the last. `continuation` is absent on the last one; given back, it goes on behind the page that it came with.
   * Throws `StoreFailure`.
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
