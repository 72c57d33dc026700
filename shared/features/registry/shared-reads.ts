interface Turn<T> {
  readonly running: Promise<T>;
  next: Promise<T> | undefined;
}

/**
 * Shares reads of values that may change at any time and that many requests want at once: at most one read of a place
 * is under way. A request that arrives meanwhile shares the next read with all others that wait, and never the running
 * one, which may have begun before a write that the request's client knows of.
 */
export class SharedReads<T> {
  readonly #turns = new Map<string, Turn<T>>();

  /** Reads a place. A failure of `read` reaches all requests that share it, and none that wait for the next read. */
  read(place: string, read: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(place);
    if (turn === undefined) return this.#start(place, read);
    const start = () => this.#start(place, read);
    return (turn.next ??= turn.running.then(start, start));
  }

  #start(place: string, read: () => Promise<T>): Promise<T> {
    const turn: Turn<T> = { running: read(), next: undefined };
    this.#turns.set(place, turn);
    const ended = () => {
      if (turn.next === undefined) this.#turns.delete(place);
    };
    turn.running.then(ended, ended);
    return turn.running;
  }
}
