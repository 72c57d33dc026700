import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GiveWay } from '../../../../shared/core/http/give-way.ts';

/** A process whose business the test sets, and a clock that stands still but for what is waited. */
function process({ busy = 0, pulled = true }: { busy?: number; pulled?: boolean } = {}) {
  const state = { busy };
  const giveWay = new GiveWay({ utilization: () => state.busy, now: () => Date.now() });
  if (pulled) giveWay.pulled();
  const went: string[] = [];
  /** Asks for a turn; says at once whether there was nothing to wait for. */
  const ask = (line: string, name = line): boolean => {
    const turn = giveWay.turn(line);
    if (turn === undefined) went.push(name);
    else void turn.then(() => went.push(name));
    return turn === undefined;
  };
  return { state, giveWay, went, ask };
}

describe('what can wait', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('goes on at once where nothing is pulled, however busy the process is', () => {
    const { ask } = process({ busy: 1, pulled: false });
    expect([ask('a'), ask('b')]).toEqual([true, true]);
  });

  it('goes on at once where the process has time', () => {
    const { ask } = process({ busy: 0.3 });
    expect(ask('a')).toBe(true);
  });

  it('waits while images are pulled and the process is busy, and goes on once it has time', async () => {
    const { ask, state, went } = process({ busy: 1 });
    expect(ask('a')).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(went).toEqual([]);
    state.busy = 0;
    await vi.advanceTimersByTimeAsync(200);
    expect(went).toEqual(['a']);
  });

  it('goes on one after the other, ten a second, in a process that never has time', async () => {
    const { ask, giveWay, went } = process({ busy: 1 });
    for (let each = 0; each < 100; each++) ask('a', String(each));
    for (let ms = 0; ms < 1_000; ms += 100) {
      giveWay.pulled();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(went.length).toBeGreaterThanOrEqual(9);
    expect(went.length).toBeLessThanOrEqual(11);
    expect(went).toEqual(went.toSorted((a, b) => Number(a) - Number(b)));
  });

  it('takes turns between lines, so that who has sent one waits for one of each other', async () => {
    const { ask, giveWay, went } = process({ busy: 1 });
    for (let each = 0; each < 1_000; each++) ask('many');
    ask('one');
    for (let ms = 0; ms < 400; ms += 100) {
      giveWay.pulled();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(went.slice(0, 3)).toContain('one');
  });

  it('all goes on when nothing is pulled any more', async () => {
    const { ask, giveWay, went } = process({ busy: 1 });
    for (let each = 0; each < 500; each++) ask('a');
    await vi.advanceTimersByTimeAsync(1_200);
    expect([went.length, giveWay.waiting, vi.getTimerCount()]).toEqual([500, 0, 0]);
  });

  it('is not kept without bound: who comes when the line is full goes on', () => {
    const { ask, giveWay } = process({ busy: 1 });
    for (let each = 0; each < 2_000; each++) ask('a');
    expect(ask('b')).toBe(true);
    expect(giveWay.waiting).toBe(2_000);
  });
});
