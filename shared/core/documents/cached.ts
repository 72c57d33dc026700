import { LRUCache } from 'lru-cache';
import type { Clock } from '../ports/clock.ts';
import { atMost } from '../rules/at-most.ts';

export interface CachedOptions<T> {
  readonly clock: Clock;
  /** The milliseconds for which a value is believed; a function where they differ by value. `Infinity` is for ever. */
  readonly freshMs: number | ((value: T) => number);
  /** The number of values that are kept. */
  readonly max?: number;
  /** The size of all values together that is kept, where values differ in theirs. */
  readonly maxSize?: number;
  readonly sizeOf?: (value: T) => number;
}

type Read<T> = () => Promise<T | undefined>;

/** The entry of a value: lru-cache takes `undefined` for a failure of its own. */
interface Kept<T> {
  readonly value: T | undefined;
}

/**
 * A cache of values that were read lately. Concurrent readers of a value share one read. A failed read, or one that
 * finds nothing, is returned to those who wait for it and not kept; nor is a read that `forget` or `set` has overtaken.
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
      ...(sizeOf === undefined ? atMost(max) : { maxSize, sizeCalculation }),
      // This sets up the book-keeping of times; each value comes with its own.
      ttl: 1,
      ttlResolution: 0,
      perf: { now: () => this.#now() },
      // Those who wait for a read that was overtaken still get its answer, which is not kept.
      ignoreFetchAbort: true,
      fetchMethod: async (_key, _stale, { context: read, options }) => {
        const startedAt = this.#now();
        const value = await read();
        if (value !== undefined) options.ttl = this.#ttlOf(value, startedAt);
        return { value };
      },
    });
  }

  /** Returns the cached value while it is fresh, else what `read` returns. Fails as `read` does. */
  get(key: string, read: () => Promise<T>): Promise<T>;
  get(key: string, read: Read<T>): Promise<T | undefined>;
  async get(key: string, read: Read<T>): Promise<T | undefined> {
    const found = await this.#kept.fetch(key, { context: read });
    if (found?.value === undefined && this.#kept.peek(key) === found) this.#kept.delete(key);
    return found?.value;
  }

  /** Returns the cached value if it is fresh. */
  peek(key: string): T | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Keeps a value that this instance has just read or written in another way. */
  set(key: string, value: T): void {
    this.#kept.set(key, { value }, { ttl: this.#ttlOf(value, this.#now()) });
  }

  /** Replaces a value that is kept. The new one does not stay fresh any longer than the old one would have. */
  swap(key: string, value: T): void {
    if (this.peek(key) !== undefined) this.#kept.set(key, { value }, { noUpdateTTL: true });
  }

  /** Forgets the value of a key, or all: later reads go to the store. */
  forget(key?: string): void {
    if (key === undefined) this.#kept.clear();
    else this.#kept.delete(key);
  }

  /**
   * Returns the rest of a value's time. A value is as old as the read that fetched it, and at `freshMs` it is no longer
   * fresh. For lru-cache 0 is no end.
   */
  #ttlOf(value: T, readAt: number): number {
    const freshMs = this.#freshMs(value);
    return freshMs === Infinity ? 0 : Math.max(1, Math.ceil(freshMs - (this.#now() - readAt)) - 1);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
