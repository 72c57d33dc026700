import { Patience } from './patience.ts';

/** The memory that one body holds while it arrives. */
export interface Holding {
  readonly patience: Patience;
  /** Adds bytes. Throws the error of `noRoom` when there is no room for so many more. */
  add(bytes: number): void;
  release(): void;
}

/** A body that has sent nothing for so many milliseconds makes room for one that does. */
const stallMs = 1_000;

export interface HeldBodiesOptions {
  /** The bytes of all bodies together. */
  readonly limit: number;
  /** The milliseconds allowed without a byte, and from the first to the last. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** Makes the error of a body that is given up. */
  readonly tooSlow: (why: string) => Error;
  /** Makes the error of a body for which there is no room. */
  readonly noRoom: (why: string) => Error;
}

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
  readonly #options: HeldBodiesOptions;
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(options: HeldBodiesOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  begin(): Holding {
    const patience = new Patience(this.#options);
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
    while (this.#bytes + bytes > this.#options.limit && this.#endStalest(held)) continue;
    if (this.#bytes + bytes > this.#options.limit)
      throw this.#options.noRoom('too many request bodies are being received; try again');
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
    stalest.patience.end('it made no progress while others did');
    return true;
  }

  #drop(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#bytes -= held.bytes;
  }
}
