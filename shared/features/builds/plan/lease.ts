import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';

/** How long whoever makes an image may be silent before somebody else takes over. In milliseconds. */
export const leaseMs = 180_000;
/** Somebody may have cancelled it: so long a builder may go on for nothing. In milliseconds. */
const renewedEvery = 10_000;

/**
 * The right to make an image and to say what became of it. It is kept while something takes long; when somebody else
 * has taken over, `signal` says so, and nothing is written any more.
 */
export class Lease {
  readonly #ports: Pick<BuildPorts, 'documents' | 'clock'>;
  readonly #node: Node;
  readonly #lost = new AbortController();
  #etag: string;
  /** Writes wait for each other: each needs the etag of the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(ports: Pick<BuildPorts, 'documents' | 'clock'>, node: Node, etag: string) {
    this.#ports = ports;
    this.#node = node;
    this.#etag = etag;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** `false` when somebody else has it by now. Throws `StoreFailure`. */
  write(set: Readonly<Record<string, unknown>>): Promise<boolean> {
    const written = this.#last.then(async () => {
      if (this.signal.aborted) return false;
      const outcome = await this.#ports.documents.commitDocuments(
        'builds',
        [this.#node.task],
        [{ do: 'patch', id: this.#node.id, set, ifMatch: this.#etag }],
      );
      if (outcome.committed) this.#etag = outcome.etags[0] ?? '';
      else this.#lost.abort();
      return outcome.committed;
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Keeps it while `work` goes on. */
  async keptDuring<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      // One that fails is followed by another in time.
      this.write({ tryAt: new Date(this.#ports.clock.now().getTime() + leaseMs).toISOString() }).catch(() => undefined);
    }, renewedEvery);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
