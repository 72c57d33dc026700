import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Judgement, Verdict } from '../../../../shared/core/documents/verdict.ts';
import { isHeld, withParts } from '../../../../shared/core/documents/verdict.ts';
import { withGrace } from '../../../../shared/core/verdicts/grace.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;

function judged(state: Judgement['state'], now: number): Judgement {
  const at = new Date(now).toISOString();
  return { state, mode: 'enforce', policies: ['a', 'b'], version: '1', reasons: [], evidence: [], at };
}

const step = fc.record({
  after: fc.integer({ min: 0, max: 30 }),
  state: fc.constantFrom('pending' as const, 'passed' as const, 'failed' as const),
  graces: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }),
  marked: fc.constantFrom('Failed', 'Quarantined', 'Passed', undefined, undefined, undefined),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Seen {
  readonly step: Step;
  readonly now: number;
  readonly verdict: Verdict;
}

/** Judges one image again and again, as events, walks and timers do. */
function live(steps: readonly Step[]): Seen[] {
  let now = start;
  let verdict: Verdict | undefined;
  return steps.map((each) => {
    now += each.after * hour;
    const covering = each.graces.map((graceHours) => ({ mode: 'enforce' as const, graceHours }));
    const quarantine = each.marked === undefined ? {} : { quarantine: { state: each.marked } };
    const trust = withGrace(judged(each.state, now), verdict?.trust, covering, quarantine, new Date(now));
    verdict = withParts(verdict, { trust }, new Date(now));
    return { step: each, now, verdict };
  });
}

const lives = fc.array(step, { minLength: 1, maxLength: 12 }).map(live);

describe('the grace of an image', () => {
  it('is for what passed once: before that each judgement that does not pass holds', () => {
    fc.assert(
      fc.property(lives, (seen) => {
        const first = seen.findIndex(({ step: { state } }) => state === 'passed');
        const before = first === -1 ? seen : seen.slice(0, first);
        for (const { now, verdict } of before) expect(isHeld(verdict, new Date(now))).toBe(true);
      }),
    );
  });

  it('ends at the latest when the shortest grace has passed since it ceased to pass, judged however often', () => {
    fc.assert(
      fc.property(lives, (seen) => {
        for (const [at, { now, verdict, step: last }] of seen.entries()) {
          if (last.state === 'passed') continue;
          const passed = seen.slice(0, at).findLastIndex(({ step: { state } }) => state === 'passed');
          const [ceased] = seen.slice(passed + 1);
          const until = (ceased?.now ?? 0) + Math.min(...(ceased?.step.graces ?? [0])) * hour;
          expect(isHeld(verdict, new Date(Math.max(until, now)))).toBe(true);
        }
      }),
    );
  });

  it('lasts that long where nothing else is said, and its end is when the verdict is due', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
        (most, waits) => {
          const [graces, marked] = [[most], undefined];
          const begins = [
            { after: 0, state: 'passed' as const, graces, marked },
            { after: 1, state: 'failed' as const, graces, marked },
          ];
          const seen = live([
            ...begins,
            ...waits.map((after) => ({ after, state: 'pending' as const, graces, marked })),
          ]);
          const end = start + hour + most * hour;
          for (const { now, verdict } of seen.slice(1)) {
            expect(isHeld(verdict, new Date(now))).toBe(now >= end);
            expect(isHeld(verdict, new Date(end - 1))).toBe(now >= end && verdict.trust?.graceUntil === undefined);
            expect(verdict.dueAt).toBe(now < end ? new Date(end).toISOString() : undefined);
          }
        },
      ),
    );
  });

  it('is none for what somebody has marked as failed or quarantined', () => {
    fc.assert(
      fc.property(lives, (seen) => {
        for (const {
          step: { state, marked },
          now,
          verdict,
        } of seen)
          if (state !== 'passed' && (marked === 'Failed' || marked === 'Quarantined'))
            expect(isHeld(verdict, new Date(now))).toBe(true);
      }),
    );
  });

  it('ends at once when a policy that holds has none any more', () => {
    const seen = live([
      { after: 0, state: 'passed', graces: [9], marked: undefined },
      { after: 1, state: 'failed', graces: [9], marked: undefined },
      { after: 1, state: 'failed', graces: [9, 0], marked: undefined },
    ]);
    expect(seen.map(({ now, verdict }) => isHeld(verdict, new Date(now)))).toEqual([false, false, true]);
  });
});
