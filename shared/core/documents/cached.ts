import { LRUCache } from 'lru-cache';
import type { Clock } from '../ports/clock.ts';

export interface CachedOptions<T> {
  readonly clock: Clock;
  /** How long a value is believed, in milliseconds; of each value where it differs. `Infinity` is for ever. */
  readonly freshMs: number | ((value: T) => number);
  /** How many values are kept. */
  readonly max?: number;
  /** How much is kept in all, where values differ in what they take. */
  readonly maxSize?: number;
  readonly sizeOf?: (value: T) => number;
}

type Read<T> = () => Promise<T | undefined>;

/** What is kept of a value: lru-cache takes `undefined` for a failure of its own. */
interface Kept<T> {
  readonly value: T | undefined;
}

/**
 * Values that were read lately. All who want one at once share one read. A failed read, or one that finds nothing, is
 * answered to those who wait for it and not kept; nor is a read that `forget` or `set` has overtaken.
 */
export class Cached<T extends object> {
  readonly #clock: Clock;
  readonly #freshMs: (value: T) => number;
  readonly #kept: LRUCache<string, Kept<T>, Read<T>>;

  constructor({ clock, freshMs, max = 1, maxSize = 0, sizeOf }: CachedOptions<T>) {
    this.#clock = clock;
    this.#freshMs = typeof freshMs === 'number' ? () => freshMs : freshMs;
    const sizeCalculation = ({ value }: Kept<T>) => (value === undefined ? 1 : (sizeOf?.(value) ?? 1));
    this.#kept = new LRUCache<string, Kept<T>, Read<T>>({
      ...(sizeOf === undefined ? { max } : { maxSize, sizeCalculation }),
      // Sets up the book-keeping of times; each value brings its own.
      ttl: 1,
      ttlResolution: 0,
      perf: { now: () => this.#now() },
      // Those who wait for a read that was overtaken still get its answer, and it is not kept.
      ignoreFetchAbort: true,
      fetchMethod: async (_key, _stale, { context: read, options }) => {
        const startedAt = this.#now();
        const value = await read();
        if (value !== undefined) options.ttl = this.#ttlOf(value, startedAt);
        return { value };
      },
    });
  }

  /** The value at hand while it is fresh, else what `read` gives. Fails as `read` does. */
  get(key: string, read: () => Promise<T>): Promise<T>;
  get(key: string, read: Read<T>): Promise<T | undefined>;
  async get(key: string, read: Read<T>): Promise<T | undefined> {
    const found = await this.#kept.fetch(key, { context: read });
    if (found?.value === undefined && this.#kept.peek(key) === found) this.#kept.delete(key);
    return found?.value;
  }

  /** The value at hand, if it is fresh. */
  peek(key: string): T | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Keeps what this instance has just read or written in another way. */
  set(key: string, value: T): void {
    this.#kept.set(key, { value }, { ttl: this.#ttlOf(value, this.#now()) });
  }

  /** Puts another value in the place of one that is kept, which stays fresh no longer for it. */
  swap(key: string, value: T): void {
    if (this.peek(key) !== undefined) this.#kept.set(key, { value }, { noUpdateTTL: true });
  }

  /** Forgets what is known of a key, or all: what is asked for from now on is read anew. */
  forget(key?: string): void {
    if (key === undefined) this.#kept.clear();
    else this.#kept.delete(key);
  }

  /** A value is as old as the read that brought it, and at `freshMs` it is fresh no more. For lru-cache 0 is no end. */
  #ttlOf(value: T, readAt: number): number {
    const freshMs = this.#freshMs(value);
    return freshMs === Infinity ? 0 : Math.max(1, Math.ceil(freshMs - (this.#now() - readAt)) - 1);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
