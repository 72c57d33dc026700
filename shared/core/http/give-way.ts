import { performance } from 'node:perf_hooks';

export interface GiveWayOptions {
  /** Returns the share of its time, 0 to 1, that the process has been busy since the last call. */
  readonly utilization: () => number;
  /** Returns milliseconds that only grow. */
  readonly now: () => number;
}

/** Above this share deferrable work waits: a request that meets an idle moment is answered at once. */
const busyShare = 0.5;
/** The share is measured over at least so many milliseconds. */
const windowMs = 10;
/** At most one waiter goes on, and the queue is checked, in each so many milliseconds. */
const tickMs = 2;
/**
 * However busy the process is, one waiter goes on in each so many milliseconds: pulls come first, but do not starve the
 * others.
 */
const slowestMs = 100;
/** Nothing has to wait for pulls when there were none for so many milliseconds. */
const pullsMatterMs = 1_000;
/** A caller goes on at once when so many wait: a queue must not itself be what holds memory. */
const maxWaiting = 2_000;

/**
 * Lets pulls go first. All work of a process is done by one thread, a little at a time, so that a client that sends
 * much makes everybody wait. Deferrable work (pushes, the management API, refusals, handlers of events) asks here
 * before it begins, and with each part of a large body. It goes on at once unless images are being pulled and the
 * process is busy; then the clients take turns, as fast as the process has time for.
 */
export class GiveWay {
  readonly #options: GiveWayOptions;
  readonly #lines = new Map<string, (() => void)[]>();
  #waiting = 0;
  #pulledAt = -Infinity;
  #measuredAt = -Infinity;
  #isBusy = false;
  #resumedAt = -Infinity;
  /** The milliseconds between two waiters that go on: more while the process stays busy. */
  #paceMs = tickMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GiveWayOptions) {
    this.#options = options;
  }

  /** Notes that an image is being pulled. */
  pulled(): void {
    this.#pulledAt = this.#options.now();
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Resolves when it is the turn of this line (an address, or the one that all handlers of events share); returns
   * `undefined`, at once, when nothing has to wait.
   */
  turn(line: string): Promise<void> | undefined {
    if (this.#waiting >= maxWaiting || (this.#waiting === 0 && !this.#mustWait())) return undefined;
    return new Promise((resolve) => {
      const others = this.#lines.get(line);
      if (others === undefined) this.#lines.set(line, [resolve]);
      else others.push(resolve);
      this.#waiting += 1;
      this.#timer ??= setInterval(() => this.#tick(), tickMs);
    });
  }

  #tick(): void {
    if (this.#options.now() - this.#resumedAt < (this.#mustWait() ? slowestMs : this.#paceMs)) return;
    this.#resumedAt = this.#options.now();
    // If nothing is pulled any more, all go on.
    do this.#next();
    while (this.#waiting > 0 && !this.#pullsMatter());
    if (this.#waiting > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Lets the first of the line go on that had no turn for longest: that line then stands behind the others. */
  #next(): void {
    const [first] = this.#lines;
    if (first === undefined) return;
    const [line, waiting] = first;
    this.#lines.delete(line);
    const resume = waiting.shift();
    if (waiting.length > 0) this.#lines.set(line, waiting);
    this.#waiting -= 1;
    resume?.();
  }

  #pullsMatter(): boolean {
    return this.#options.now() - this.#pulledAt < pullsMatterMs;
  }

  #mustWait(): boolean {
    if (!this.#pullsMatter()) return false;
    const now = this.#options.now();
    if (now - this.#measuredAt >= windowMs) {
      this.#isBusy = this.#options.utilization() > busyShare;
      this.#paceMs = this.#isBusy ? Math.min(slowestMs, this.#paceMs * 2) : Math.max(tickMs, this.#paceMs - tickMs);
      this.#measuredAt = now;
    }
    return this.#isBusy;
  }
}

let before = performance.eventLoopUtilization();

function utilization(): number {
  const now = performance.eventLoopUtilization();
  const { utilization: share } = performance.eventLoopUtilization(now, before);
  before = now;
  return share;
}

/** The one of this process, which has one thread, whatever runs on it. */
export const giveWay = new GiveWay({ utilization, now: () => performance.now() });
