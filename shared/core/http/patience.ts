import { RegistryError } from '../oci/faults.ts';

/**
 * Ends the wait for bytes that do not come. A slow line is no such case: any byte begins the time anew, if no total is
 * set.
 */
export class Patience {
  readonly #idleMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #fail: ((error: RegistryError) => void) | undefined;
  #ended: RegistryError | undefined;

  /** Takes the milliseconds allowed without a byte, and those from the first to the last, if that is bounded. */
  constructor(options: { readonly idleMs: number; readonly totalMs?: number }) {
    this.#idleMs = options.idleMs;
    if (options.totalMs !== undefined)
      this.#timers.push(
        setTimeout(() => this.end(`it took more than ${seconds(options.totalMs ?? 0)}`), options.totalMs).unref(),
      );
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** Returns what `read` resolves to, unless the wait ends before. Throws `RegistryError` (`too-slow`). */
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
    this.#ended ??= new RegistryError({ is: 'too-slow', why: `the body was given up: ${why}` });
    this.#fail?.(this.#ended);
  }

  close(): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} seconds`;
}
