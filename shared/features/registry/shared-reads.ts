interface Turn<T> {
  readonly running: Promise<T>;
  next: Promise<T> | undefined;
}

/**
 * Reads of what may change at any time, and that many want at once: of one place at most one is under way. Who comes
 * meanwhile shares the next with all the others who wait, and never the one under way: that may have begun before a
 * write of which the newcomer has been told.
 */
export class SharedReads<T> {
  readonly #turns = new Map<string, Turn<T>>();

  /** Fails as `read` does, for all who share it; who waits for the next hears nothing of it. */
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
