import { DockerfileFault } from './fault.ts';

/**
 * The bytes that a line may have, its newline included: Go's bufio.MaxScanTokenSize, which BuildKit's parser reads
 * with.
 */
const MAX_LINE = 64 * 1024;

/** Reads physical lines with their endings, one after the other. */
export class Lines {
  /** The number of lines read so far. */
  count = 0;
  readonly #text: string;
  #at = 0;
  #tooLong = false;

  constructor(text: string) {
    this.#text = text;
  }

  next(): string | undefined {
    if (this.#tooLong || this.#at >= this.#text.length) return undefined;
    const newline = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, newline < 0 ? undefined : newline + 1);
    // A last line without a newline may not fill the buffer: the reader cannot know that it is the last.
    if (line.length > MAX_LINE / 3 - 1 && Buffer.byteLength(line) > (newline < 0 ? MAX_LINE - 1 : MAX_LINE)) {
      this.#tooLong = true;
      return undefined;
    }
    this.#at += line.length;
    this.count++;
    return line;
  }

  /**
   * Ends the reading. BuildKit says only after the last line that it stopped before a line that was too long. @throws
   * DockerfileFault
   */
  end(): void {
    if (this.#tooLong)
      throw new DockerfileFault(`dockerfile line greater than max allowed size of ${MAX_LINE - 1}`, this.count + 1);
  }
}
