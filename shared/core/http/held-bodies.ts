import { RegistryError } from '../oci/faults.ts';
import { Patience } from './patience.ts';

/** What one body holds while it comes. */
export interface Holding {
  readonly patience: Patience;
  /** Throws `RegistryError` (`too-many-requests`) when there is no room for so many bytes more. */
  add(bytes: number): void;
  release(): void;
}

/** A body that has sent nothing for so long makes room for one that does. In milliseconds. */
const stallMs = 1_000;

interface Held extends Holding {
  bytes: number;
  progressAt: number;
}

/**
 * Bounds what all bodies together hold that are gathered in memory and have not come whole. Where they hold too much,
 * the one goes that has been silent for longest: thousands of senders who stop in the middle cost no more than the
 * limit, and do not keep out who sends on.
 */
export class HeldBodies {
  readonly #limit: number;
  readonly #idleMs: number;
  readonly #totalMs: number;
  readonly #held = new Set<Held>();
  #bytes = 0;

  /** In bytes and milliseconds: of all together; without a byte; from the first to the last. */
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
        this.#let(held);
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
        why: 'too many bodies are on their way; try again',
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
    this.#let(stalest);
    stalest.patience.end('it made no progress while others did');
    return true;
  }

  #let(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#bytes -= held.bytes;
  }
}

/** What a stranger may send before it is known who he is (a login's form, a signed notification). In bytes. */
export const maxStrangersBody = 64 * 1024;

const ofStrangers = new HeldBodies({ limit: 8 * 1024 * 1024, idleMs: 10_000, totalMs: 30_000 });
const ofCallers = new HeldBodies({ limit: 64 * 1024 * 1024, idleMs: 30_000, totalMs: 300_000 });

/** Strangers have room of their own: what they hold is no caller's. */
export function heldBodies(limit: number): HeldBodies {
  return limit <= maxStrangersBody ? ofStrangers : ofCallers;
}
