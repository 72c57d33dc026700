export interface PatienceOptions {
  /** The milliseconds allowed without a byte. */
  readonly idleMs: number;
  /** The milliseconds allowed from the first byte to the last, if that is bounded. */
  readonly totalMs?: number;
  /** Makes the error of a wait that is given up. */
  readonly tooSlow: (why: string) => Error;
}

/**
 * Ends the wait for bytes that do not come. A slow line is no such case: any byte begins the time anew, if no total is
 * set.
 */
export class Patience {
  readonly #idleMs: number;
  readonly #tooSlow: PatienceOptions['tooSlow'];
  readonly #timers: NodeJS.Timeout[] = [];
  #fail: ((error: Error) => void) | undefined;
  #ended: Error | undefined;

  constructor({ idleMs, totalMs, tooSlow }: PatienceOptions) {
    [this.#idleMs, this.#tooSlow] = [idleMs, tooSlow];
    if (totalMs !== undefined)
      this.#timers.push(setTimeout(() => this.end(`it took more than ${seconds(totalMs)}`), totalMs).unref());
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** Returns what `read` resolves to, unless the wait ends before. Rejects with the error of `tooSlow`. */
  next<T>(read: () => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      const idle = setTimeout(() => this.end(`no byte arrived for ${seconds(this.#idleMs)}`), this.#idleMs).unref();
      void read()
        .then(resolve, reject)
        .finally(() => clearTimeout(idle));
    });
  }

  end(why: string): void {
    this.#ended ??= this.#tooSlow(`the body was given up: ${why}`);
    this.#fail?.(this.#ended);
  }

  close(): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} seconds`;
}
