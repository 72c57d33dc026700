/**
 * The number of spare buffers that are kept for later uploads: the kernel must clear the 1,280 pages of a new one.
 * Further buffers are freed.
 */
const sparesKept = 3;

/**
 * Lends the buffers that all uploads of this process fill. Their number is limited: an upload that finds none waits
 * until another block has been stored, and its client is not read meanwhile. So the memory of a thousand uploads at
 * once is bounded.
 */
export class BlockBuffers {
  readonly #size: number;
  readonly #most: number;
  readonly #spare: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  #out = 0;

  constructor(options: { readonly size: number; readonly most: number }) {
    [this.#size, this.#most] = [options.size, options.most];
  }

  /** True if an upload waits for a buffer; then none should be held for long without being filled. */
  get areWanted(): boolean {
    return this.#waiting.length > 0;
  }

  get out(): number {
    return this.#out;
  }

  async take(): Promise<Uint8Array> {
    if (this.#out < this.#most) this.#out++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /**
   * Returns a buffer. `isDone` means that nothing reads or writes it any more; one that a failed write may still read
   * is left to the garbage collector.
   */
  giveBack(buffer: Uint8Array, isDone: boolean): void {
    if (isDone && this.#spare.length < sparesKept) this.#spare.push(buffer);
    // The memory is freed at once, for the garbage collector does not run in an idle process.
    else if (isDone) (buffer.buffer as ArrayBuffer).transfer(0);
    const next = this.#waiting.shift();
    if (next === undefined) this.#out--;
    else next();
  }
}
