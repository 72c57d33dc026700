interface Running {
  readonly run: Promise<void>;
  /** The run that begins when this one has ended. */
  next?: Promise<void>;
}

/**
 * Does the same work once for all who ask for it at once. Work that has begun may have read what is older than a request,
 * so who asks while it runs waits for a run that begins afterwards, and shares that one with all who came meanwhile.
 */
export class SharedRuns {
  readonly #running = new Map<string, Running>();

  /** Runs `work`, or joins the next run of this name. Fails as that run does. */
  run(name: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return this.#begin(name, work);
    const begin = () => this.#begin(name, work);
    running.next ??= running.run.then(begin, begin);
    return running.next;
  }

  #begin(name: string, work: () => Promise<void>): Promise<void> {
    const running: Running = { run: this.#ended(name, work) };
    this.#running.set(name, running);
    return running.run;
  }

  async #ended(name: string, work: () => Promise<void>): Promise<void> {
    try {
      // The run is known by its name before it begins.
      await Promise.resolve();
      await work();
    } finally {
      if (this.#running.get(name)?.next === undefined) this.#running.delete(name);
    }
  }
}
