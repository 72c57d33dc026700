import { LRUCache } from 'lru-cache';
import { atMost } from '../../core/rules/at-most.ts';

/** The limits of one instance on concurrent requests to one host, and to all. */
export interface HostLimitSettings {
  readonly perHost: number;
  /** The requests to a host that is not known, or was slow lately. */
  readonly fewest: number;
  readonly total: number;
  /** The milliseconds for which one may wait in line for a host; a host that needs longer for an answer is slow. */
  readonly patienceMs: number;
  /** The number of those that may wait. */
  readonly longestLine: number;
}

/** The limits of first attempts. A host gets at most these and the next. */
export const dispatchLimits: HostLimitSettings = {
  perHost: 24,
  fewest: 4,
  total: 1_000,
  patienceMs: 1_000,
  longestLine: 1_000,
};
/**
 * The limits of attempts from the queue: one host that hangs leaves most of the queue's slots (host.json) to others.
 */
export const retryLimits: HostLimitSettings = { ...dispatchLimits, perHost: 8, fewest: 2 };

/** The number of hosts whose places are remembered. */
const remembered = 1_000;

interface Host {
  places: number;
  /** The times at which the requests under way began, oldest first. */
  readonly began: number[];
  readonly line: (() => void)[];
  /** The number in a place or in line. */
  present: number;
}

/**
 * Places at receivers' hosts. Each host begins with few; every quick answer adds one, and a slow one removes some: an
 * attempt that waits for an answer keeps a slot of Event Grid's, or of the queue's, from all others. A host that
 * answers moves its line along. A host hangs when nobody has got a place for longer than anybody would wait: then no
 * line is allowed.
 */
export class HostLimits {
  readonly #settings: HostLimitSettings;
  readonly #hosts = new Map<string, Host>();
  readonly #places = new LRUCache<string, number>(atMost(remembered));
  #underWay = 0;

  constructor(settings: HostLimitSettings) {
    this.#settings = settings;
  }

  /** Runs `work` in a place of the host; `undefined`, and nothing was done, when none becomes free in time. */
  async within<T extends object>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    const host = this.#hosts.get(name) ?? {
      places: this.#places.get(name) ?? this.#settings.fewest,
      began: [],
      line: [],
      present: 0,
    };
    this.#hosts.set(name, host);
    host.present += 1;
    try {
      const began = await this.#placeAt(host);
      return began === undefined ? undefined : await this.#work(host, began, work);
    } finally {
      host.present -= 1;
      this.#places.set(name, host.places);
      if (host.present === 0) this.#hosts.delete(name);
    }
  }

  async #work<T>(host: Host, began: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      host.began.splice(host.began.indexOf(began), 1);
      const { perHost, fewest, patienceMs } = this.#settings;
      host.places = performance.now() - began > patienceMs ? fewest : Math.min(perHost, host.places + 1);
      for (const next of host.line.splice(0, Math.max(0, host.places - host.began.length))) next();
    }
  }

  /** Occupies a place, and returns since when. Nothing is awaited between finding it and occupying it. */
  async #placeAt(host: Host): Promise<number | undefined> {
    const { patienceMs, longestLine, total } = this.#settings;
    const until = performance.now() + patienceMs;
    // Those that have waited go before new ones.
    for (let waited = false; host.began.length >= host.places || (!waited && host.line.length > 0); waited = true) {
      const now = performance.now();
      const stuck = now - (host.began.at(-1) ?? now) > patienceMs;
      if (stuck || host.line.length >= longestLine || now >= until) return undefined;
      await waitForPlace(host, until - now);
    }
    if (this.#underWay >= total) return undefined;
    const began = performance.now();
    host.began.push(began);
    this.#underWay += 1;
    return began;
  }
}

/** Waits until a place is left, or for so long. */
function waitForPlace({ line }: Host, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const leave = () => {
      clearTimeout(timer);
      const at = line.indexOf(leave);
      if (at !== -1) line.splice(at, 1);
      resolve();
    };
    const timer = setTimeout(leave, ms);
    line.push(leave);
  });
}
