/** Of one instance: how many requests it makes of one host at once, and of all. */
export interface HostLimitSettings {
  readonly perHost: number;
  readonly total: number;
  /** How long one may stand in line for a host, in milliseconds. */
  readonly patienceMs: number;
  /** How many may. */
  readonly longestLine: number;
}

/** Of first attempts. A host gets at most this and the next. */
export const dispatchLimits: HostLimitSettings = { perHost: 24, total: 1_000, patienceMs: 1_000, longestLine: 1_000 };
/** Of attempts from the queue: one host that hangs leaves most of the queue's slots (host.json) to others. */
export const retryLimits: HostLimitSettings = { ...dispatchLimits, perHost: 8 };

interface Host {
  /** When each request under way began, oldest first. */
  readonly began: number[];
  readonly line: (() => void)[];
  /** In a place or in line. */
  present: number;
}

/**
 * Places at receivers' hosts. A host that answers moves its line along; one that hangs is known by nobody having come to a place for longer
 * than anybody would wait: then there is no line to stand in, and what is for others does not stand behind it.
 */
export class HostLimits {
  readonly #settings: HostLimitSettings;
  readonly #hosts = new Map<string, Host>();
  #underWay = 0;

  constructor(settings: HostLimitSettings) {
    this.#settings = settings;
  }

  /** Does `work` in a place of the host; `undefined`, and nothing was done, when none becomes free in time. */
  async within<T extends object>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    const host = this.#hosts.get(name) ?? { began: [], line: [], present: 0 };
    this.#hosts.set(name, host);
    host.present += 1;
    try {
      const began = await this.#placeAt(host);
      return began === undefined ? undefined : await this.#work(host, began, work);
    } finally {
      host.present -= 1;
      if (host.present === 0) this.#hosts.delete(name);
    }
  }

  async #work<T>(host: Host, began: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      host.began.splice(host.began.indexOf(began), 1);
      host.line.shift()?.();
    }
  }

  /** Takes a place, and says since when. Nothing is awaited between finding it and taking it. */
  async #placeAt(host: Host): Promise<number | undefined> {
    const { perHost, patienceMs, longestLine, total } = this.#settings;
    const until = performance.now() + patienceMs;
    // Whoever has waited goes before those who come.
    for (let waited = false; host.began.length >= perHost || (!waited && host.line.length > 0); waited = true) {
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
