/**
 * Buffers of whole blocks are kept for the next upload: a fresh one is 1,280 pages that the kernel must clear. What
 * more uploads at once have needed is let go.
 */
const sparesKept = 3;

/**
 * The buffers that all uploads of this process fill, of which there are so many and no more: whoever wants one waits
 * until another has been stored, and his client is not read meanwhile. So a thousand uploads at once hold no more
 * memory than some.
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

  /** Whether somebody waits: then nobody should hold one for long that does not fill. */
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
   * `isDone`: nothing reads or writes it any more. One that a failed write may still read is left to the garbage
   * collector.
   */
  giveBack(buffer: Uint8Array, isDone: boolean): void {
    if (isDone && this.#spare.length < sparesKept) this.#spare.push(buffer);
    // At once, as nothing else tells the garbage collector that the process is idle now.
    else if (isDone) (buffer.buffer as ArrayBuffer).transfer(0);
    const next = this.#waiting.shift();
    if (next === undefined) this.#out--;
    else next();
  }
}
