/** mulberry32: the same seed gives the same numbers on every machine. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new TypeError('nothing to pick from');
  return picked;
}

interface Waiting {
  readonly actor: number;
  readonly go: () => void;
}

const patienceMs = 10_000;

/**
 * Actors that take turns: each call of a port waits for its turn, and the seed decides whose call is next. All that
 * lies between two calls of an actor runs at once, so a run is the list of turns and nothing else.
 */
export class Schedule {
  readonly #random: () => number;
  #waiting: Waiting[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Resolves when it is this actor's turn. */
  turn(actor: number): Promise<void> {
    return new Promise((go) => this.#waiting.push({ actor, go }));
  }

  /**
   * Runs the actors to their ends; `between` looks at the world after every turn, and may let time pass. A dead actor
   * waits no more.
   */
  async run(
    actors: readonly (() => Promise<void>)[],
    between: () => void,
    isDead: (actor: number) => boolean = () => false,
  ): Promise<void> {
    let running = actors.length;
    const ends = Promise.all(actors.map((actor) => actor().finally(() => (running -= 1))));
    // A failure is thrown below; until then nobody may take it for unhandled.
    ends.catch(() => undefined);
    for (let movedAt = performance.now(); running > 0;) {
      await new Promise((settled) => setImmediate(settled));
      this.#waiting = this.#waiting.filter(({ actor, go }) => !isDead(actor) || (go(), false));
      if (this.#waiting.length === 0) {
        // Something that is no call takes time: unpacking, hashing.
        if (performance.now() - movedAt > patienceMs) throw new Error(`${running} actors wait for nothing that comes`);
        continue;
      }
      movedAt = performance.now();
      const at = Math.floor(this.#random() * this.#waiting.length);
      const [next] = this.#waiting.splice(at, 1);
      next?.go();
      await new Promise((settled) => setImmediate(settled));
      between();
    }
    await ends;
  }
}
