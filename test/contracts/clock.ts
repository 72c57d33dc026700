import type { Clock } from '../../shared/core/ports/clock.ts';

export interface SteppedClock extends Clock {
  advance(milliseconds: number): void;
}

export function steppedClock(start = '2026-03-01T00:00:00Z'): SteppedClock {
  let now = Date.parse(start);
  return {
    now: () => new Date(now),
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}
