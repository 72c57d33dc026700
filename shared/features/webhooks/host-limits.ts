import { LRUCache } from 'lru-cache';

/** Of one instance: how many requests it makes of one host at once, and of all. */
export interface HostLimitSettings {
  readonly perHost: number;
  /** How many of a host that is not known, or was slow lately. */
  readonly fewest: number;
  readonly total: number;
  /** How long one may stand in line for a host, in milliseconds; a host that takes longer for an answer is slow. */
  readonly patienceMs: number;
  /** How many may. */
  readonly longestLine: number;
}

/** Of first attempts. A host gets at most this and the next. */
export const dispatchLimits: HostLimitSettings = {
  perHost: 24,
  fewest: 4,
  total: 1_000,
  patienceMs: 1_000,
  longestLine: 1_000,
};
/** Of attempts from the queue: one host that hangs leaves most of the queue's slots (host.json) to others. */
export const retryLimits: HostLimitSettings = { ...dispatchLimits, perHost: 8, fewest: 2 };

/** Hosts whose places are remembered. */
const remembered = 1_000;

interface Host {
  places: number;
  /** When each request under way began, oldest first. */
  readonly began: number[];
  readonly line: (() => void)[];
  /** In a place or in line. */
  present: number;
}

/**
 * Places at receivers' hosts. Each host begins with few; every quick answer adds one, and a slow one takes them away:
 * whoever waits for an answer keeps a slot of Event Grid's, or of the queue's, from all others. A host that answers
 * moves its line along; one that hangs is known by nobody having come to a place for longer than anybody would wait:
 * then there is no line to stand in.
 */
export class HostLimits {
  readonly #settings: HostLimitSettings;
  readonly #hosts = new Map<string, Host>();
  readonly #places = new LRUCache<string, number>({ max: remembered });
  #underWay = 0;

  constructor(settings: HostLimitSettings) {
    this.#settings = settings;
  }

  /** Does `work` in a place of the host; `undefined`, and nothing was done, when none becomes free in time. */
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

  /** Takes a place, and says since when. Nothing is awaited between finding it and taking it. */
  async #placeAt(host: Host): Promise<number | undefined> {
    const { patienceMs, longestLine, total } = this.#settings;
    const until = performance.now() + patienceMs;
    // Whoever has waited goes before those who come.
    for (let waited = false; host.began.length >= host.places || (!waited && host.line.length > 0); waited = true) {
      const now = performance.now();
      const stuck = now - (host.began.at(-1) ?? now) > patienceMs;
      if (stuck || host.line.length >= longestLine || now >= until) return undefined;
      await turn(host, until - now);
    }
    if (this.#underWay >= total) return undefined;
    const began = performance.now();
    host.began.push(began);
    this.#underWay += 1;
    return began;
  }
}

/** Until somebody leaves, or for so long. */
function turn({ line }: Host, ms: number): Promise<void> {
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
