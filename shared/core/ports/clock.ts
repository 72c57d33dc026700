export interface Clock {
  now(): Date;
}

export interface RandomIds {
  /** A fresh UUID. */
  nextId(): string;
}

export const systemClock: Clock = { now: () => new Date() };

/** Ahead of the system's, for trying what takes days. */
export function clockAhead(days: number): Clock {
  return days === 0 ? systemClock : { now: () => new Date(Date.now() + days * 24 * 3600 * 1000) };
}

export const systemRandomIds: RandomIds = { nextId: () => crypto.randomUUID() };
