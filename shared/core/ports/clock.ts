export interface Clock {
  now(): Date;
}

export interface RandomIds {
  /** Returns a fresh UUID. */
  nextId(): string;
}

export const systemClock: Clock = { now: () => new Date() };

/** Returns a clock that is ahead of the system's, for trying what needs days. */
export function clockAhead(days: number): Clock {
  return days === 0 ? systemClock : { now: () => new Date(Date.now() + days * 24 * 3600 * 1000) };
}

export const systemRandomIds: RandomIds = { nextId: () => crypto.randomUUID() };
