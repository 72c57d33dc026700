import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A declared body that came whole before the function was told of it. */
export interface SpooledBody {
  read(): Readable;
  /** Once: nothing can read it afterwards. */
  close(): Promise<void>;
}

/**
 * The real host holds four times a body in memory; of a limit that is a sixth of its memory so much comes at once until
 * it ends.
 */
const shareAtOnce = 6 / 4;

class HostWouldEnd extends Error {
  override readonly name = 'HostWouldEnd';
}

/**
 * Takes whole bodies before a function runs, as the real host does, but into files: here the same process serves all
 * else. Where the real one would run out of memory and end, with all its requests, the request that is too many fails
 * alone.
 */
export class Spool {
  readonly #most: number;
  #bytes = 0;

  constructor(bodyLimit: number) {
    this.#most = Math.floor(bodyLimit * shareAtOnce);
  }

  async take(request: IncomingMessage): Promise<SpooledBody> {
    const path = join(tmpdir(), `longshore-body-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    let length = 0;
    const counted = async function* (this: Spool) {
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        length += chunk.length;
        this.#count(chunk.length);
        yield chunk;
      }
    };
    // A stream that is not destroyed keeps the file open.
    const streams: (Readable | Writable)[] = [];
    const close = async () => {
      this.#bytes -= length;
      for (const stream of streams) stream.destroy();
      await file.close();
    };
    try {
      // Without a name it goes with the process, however that ends.
      await rm(path);
      const written = file.createWriteStream({ autoClose: false });
      streams.push(written);
      await pipeline(Readable.from(counted.call(this), { objectMode: false }), written);
    } catch (error) {
      await close();
      throw error;
    }
    const read = () => {
      const stream = file.createReadStream({ start: 0, autoClose: false });
      streams.push(stream);
      return stream;
    };
    return { read, close };
  }

  /** As they come: who announces much and sends nothing keeps nobody out. */
  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#most) return;
    throw new HostWouldEnd(
      `Bodies of ${this.#bytes} bytes are under way at once. The real host holds four times that in memory, and ` +
        'with six times FUNCTIONS_REQUEST_BODY_SIZE_LIMIT it ends here, with all its requests: send large bodies ' +
        'to the bytes host (docs/container.md).',
    );
  }
}
