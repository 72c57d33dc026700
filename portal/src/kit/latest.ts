/**
 * Lets through the answer of the newest question alone. Answers overtake each other: one that was slow must not stand
 * beside a question that somebody asked after it.
 */
export class Latest {
  #now = new AbortController();

  /** Asks, and abandons what was asked before. `take` is not called once something newer was asked. */
  async ask<T>(load: (signal: AbortSignal) => Promise<T>, take: (outcome: Outcome<T>) => void): Promise<void> {
    this.abandon();
    const { signal } = this.#now;
    let outcome: Outcome<T>;
    try {
      outcome = { data: await load(signal) };
    } catch (error) {
      outcome = { failure: error as Error };
    }
    if (!signal.aborted) take(outcome);
  }

  /** No answer to what was asked until now is let through. */
  abandon(): void {
    this.#now.abort();
    this.#now = new AbortController();
  }
}

export type Outcome<T> =
  { readonly data: T; readonly failure?: undefined } | { readonly data?: undefined; readonly failure: Error };
