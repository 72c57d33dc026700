import type { Clock } from '../../core/ports/clock.ts';

export interface StoredBlob {
  /** The chunks as they were staged: committing joins nothing. */
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
  /** The time in milliseconds since 1970. */
  readonly modifiedAt: number;
}

interface StagedBlob {
  readonly blocks: Map<string, Uint8Array>;
  lastStagedAt: number;
}

const weekMs = 7 * 24 * 3600 * 1000;

/** One container of one storage account. Bytes are copied in and returned uncopied: readers must not write to them. */
export class BlobStore {
  /** The host is a name of RFC 2606: nothing answers there, so a redirect that is followed by mistake fails. */
  readonly host: string;
  readonly #clock: Clock;
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #staged = new Map<string, StagedBlob>();
  #sequence = 0;

  constructor(clock: Clock, account = 'blobs') {
    this.host = `${account}.invalid`;
    this.#clock = clock;
  }

  get(name: string): StoredBlob | undefined {
    return this.#blobs.get(name);
  }

  names(): string[] {
    return [...this.#blobs.keys()];
  }

  /** Returns the uncommitted blocks of a name. Blob Storage forgets all of them a week after the last one came. */
  staged(name: string): ReadonlyMap<string, Uint8Array> {
    const staged = this.#staged.get(name);
    if (staged !== undefined && this.#now() - staged.lastStagedAt > weekMs) this.#staged.delete(name);
    return this.#staged.get(name)?.blocks ?? new Map<string, Uint8Array>();
  }

  stage(name: string, blockId: string, bytes: Uint8Array): void {
    this.staged(name);
    const staged = this.#staged.get(name) ?? { blocks: new Map<string, Uint8Array>(), lastStagedAt: 0 };
    staged.blocks.set(blockId, new Uint8Array(bytes));
    staged.lastStagedAt = this.#now();
    this.#staged.set(name, staged);
  }

  /** Writes a whole blob over an existing one, and drops the blocks that were staged for the name. */
  put(name: string, chunks: readonly Uint8Array[], metadata: Readonly<Record<string, string>>): void {
    this.#sequence += 1;
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#blobs.set(name, {
      chunks,
      size,
      metadata: Object.freeze({ ...metadata }),
      etag: `"0x${this.#sequence.toString(16)}"`,
      modifiedAt: this.#now(),
    });
    this.#staged.delete(name);
  }

  delete(name: string): void {
    this.#blobs.delete(name);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
