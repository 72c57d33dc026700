import { RegistryError } from '../oci/faults.ts';
import { Patience } from './patience.ts';

/** The memory that one body holds while it arrives. */
export interface Holding {
  readonly patience: Patience;
  /** Adds bytes. Throws `RegistryError` (`too-many-requests`) when there is no room for so many more. */
  add(bytes: number): void;
  release(): void;
}

/** A body that has sent nothing for so many milliseconds makes room for one that does. */
const stallMs = 1_000;

interface Held extends Holding {
  bytes: number;
  progressAt: number;
}

/**
 * Bounds the memory of all bodies together that are gathered in it and have not arrived whole. Above the limit, the
 * body that has been silent for longest is given up: thousands of senders who stop in the middle cost no more than the
 * limit, and do not keep out senders who go on.
 */
export class HeldBodies {
  readonly #limit: number;
  readonly #idleMs: number;
  readonly #totalMs: number;
  readonly #held = new Set<Held>();
  #bytes = 0;

  /**
   * Takes the limit of all bodies together in bytes, and the milliseconds allowed without a byte and from the first to
   * the last.
   */
  constructor(options: { readonly limit: number; readonly idleMs: number; readonly totalMs: number }) {
    [this.#limit, this.#idleMs, this.#totalMs] = [options.limit, options.idleMs, options.totalMs];
  }

  get bytes(): number {
    return this.#bytes;
  }

  begin(): Holding {
    const patience = new Patience({ idleMs: this.#idleMs, totalMs: this.#totalMs });
    const held: Held = {
      patience,
      bytes: 0,
      progressAt: performance.now(),
      add: (bytes) => this.#add(held, bytes),
      release: () => {
        patience.close();
        this.#drop(held);
      },
    };
    this.#held.add(held);
    return held;
  }

  #add(held: Held, bytes: number): void {
    held.progressAt = performance.now();
    while (this.#bytes + bytes > this.#limit && this.#endStalest(held)) continue;
    if (this.#bytes + bytes > this.#limit)
      throw new RegistryError({
        is: 'too-many-requests',
        why: 'too many request bodies are being received; try again',
        retryAfterMs: 1_000,
      });
    held.bytes += bytes;
    this.#bytes += bytes;
  }

  #endStalest(except: Held): boolean {
    let stalest: Held | undefined;
    for (const each of this.#held)
      if (each !== except && each.bytes > 0 && each.progressAt < (stalest?.progressAt ?? except.progressAt - stallMs))
        stalest = each;
    if (stalest === undefined) return false;
    this.#drop(stalest);
    stalest.patience.end('it made no progress while others waited');
    return true;
  }

  #drop(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#bytes -= held.bytes;
  }
}

/** A body may have this many bytes before its sender is known (a login's form, a signed notification). */
export const maxStrangersBody = 64 * 1024;

const ofStrangers = new HeldBodies({ limit: 8 * 1024 * 1024, idleMs: 10_000, totalMs: 30_000 });
const ofCallers = new HeldBodies({ limit: 64 * 1024 * 1024, idleMs: 30_000, totalMs: 300_000 });

/**
 * Returns the room of bodies up to `limit`. Strangers have a room of their own, so that they hold nothing of the
 * callers'.
 */
export function heldBodies(limit: number): HeldBodies {
  return limit <= maxStrangersBody ? ofStrangers : ofCallers;
}
