import { RegistryError } from '../../core/oci/faults.ts';

/** The number of jobs that may wait, each of which costs no more than a connection. */
const maxWaiting = 256;
const maxOfGroup = 64;

/** A waiting job with its group: the queue takes turns between groups. */
interface Waiting {
  readonly group: string;
  /** Returns the rank when the next job is chosen: the lowest goes first. */
  readonly rank: () => number;
  readonly start: () => Promise<void>;
  readonly drop: () => void;
}

/**
 * Runs one job after the other, in turns between groups. When it is full, the last job of the largest group makes room:
 * a sender of many displaces its own.
 */
export class FairQueue {
  readonly #waiting: Waiting[] = [];
  /** The groups that had a turn, the last one at the end. */
  #served: string[] = [];
  #busy = false;

  /**
   * Runs `job` when its turn has come; the next one's comes when `rest` has passed too. Throws `RegistryError`
   * (`too-many-requests`) when there is no room.
   */
  run<T>(group: string, rank: () => number, job: () => Promise<T>, rest: () => Promise<void>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = async () => {
        await job().then(resolve, reject);
        await rest();
      };
      this.#add({ group, rank, start, drop: () => reject(full()) });
    });
  }

  #add(job: Waiting): void {
    if (this.#sizeOf(job.group) >= maxOfGroup || (this.#waiting.length >= maxWaiting && !this.#makeRoom(job.group))) {
      job.drop();
      return;
    }
    this.#waiting.push(job);
    if (!this.#busy) void this.#work();
  }

  #sizeOf(group: string): number {
    return this.#waiting.filter((each) => each.group === group).length;
  }

  #makeRoom(newcomer: string): boolean {
    const sizes = new Map<string, number>();
    for (const { group } of this.#waiting) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    const [largest = '', size = 0] = [...sizes].toSorted(([, one], [, other]) => other - one)[0] ?? [];
    if (size <= (sizes.get(newcomer) ?? 0) + 1) return false;
    const [dropped] = this.#waiting.splice(
      this.#waiting.findLastIndex(({ group }) => group === largest),
      1,
    );
    dropped?.drop();
    return true;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next.start();
    this.#busy = false;
    this.#served = [];
  }

  #next(): Waiting | undefined {
    const turns = this.#waiting.map((job) => ({ job, rank: job.rank(), served: this.#served.indexOf(job.group) }));
    const first = turns.toSorted((one, other) => one.rank - other.rank || one.served - other.served)[0]?.job;
    if (first === undefined) return undefined;
    this.#waiting.splice(this.#waiting.indexOf(first), 1);
    this.#served = [...this.#served.filter((group) => group !== first.group), first.group].slice(-maxWaiting);
    return first;
  }
}

function full(): RegistryError {
  return new RegistryError({
    is: 'too-many-requests',
    why: 'too many passwords are being checked: send the request again in a moment',
    retryAfterMs: 2_000,
  });
}
