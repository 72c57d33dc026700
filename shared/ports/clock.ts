export interface Clock {
  now(): Date;
}

export interface RandomIds {
  /** A fresh UUID. */
  nextId(): string;
}

export const systemClock: Clock = { now: () => new Date() };
export const systemRandomIds: RandomIds = { nextId: () => crypto.randomUUID() };
