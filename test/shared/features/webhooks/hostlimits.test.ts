import { describe, expect, it } from 'vitest';
import { HostLimits } from '../../../../shared/features/webhooks/host-limits.ts';

const settings = { perHost: 2, fewest: 2, total: 5, patienceMs: 60, longestLine: 3 };

/** Work that ends when it is told to. */
function held() {
  const ends: (() => void)[] = [];
  return {
    work: () => new Promise<{ done: true }>((resolve) => ends.push(() => resolve({ done: true }))),
    end: () => ends.shift()?.(),
    begun: () => ends.length,
  };
}

describe('places at a host', () => {
  it('are limited, and those that wait get one in the order in which they came', async () => {
    const limits = new HostLimits(settings);
    const { work, end, begun } = held();
    const order: number[] = [];
    const runs = [0, 1, 2, 3].map((n) => limits.within('slow', () => (order.push(n), work())));
    await Promise.resolve();
    expect(begun()).toBe(2);
    for (let n = 0; n < 4; n += 1) {
      end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(runs)).toEqual([{ done: true }, { done: true }, { done: true }, { done: true }]);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('are waited for up to a limit, by no more than the line allows, and not at all at a host that hangs', async () => {
    const limits = new HostLimits(settings);
    const { work, end } = held();
    const runs = [limits.within('hangs', work), limits.within('hangs', work)];
    const waiting = [0, 1, 2].map(() => limits.within('hangs', work));
    const began = performance.now();
    expect(await limits.within('hangs', work)).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(50);
    expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined]);
    const later = performance.now();
    expect(await limits.within('hangs', work)).toBeUndefined();
    expect(performance.now() - later).toBeLessThan(50);
    expect(await limits.within('lives', () => Promise.resolve({ done: true }))).toEqual({ done: true });
    end();
    end();
    await Promise.all(runs);
  });

  it('are bounded over all hosts', async () => {
    const limits = new HostLimits(settings);
    const { work, end } = held();
    const runs = ['a', 'a', 'b', 'b', 'c'].map((host) => limits.within(host, work));
    expect(await limits.within('d', work)).toBeUndefined();
    for (let n = 0; n < 5; n += 1) end();
    await Promise.all(runs);
    expect(await limits.within('d', () => Promise.resolve({ done: true }))).toEqual({ done: true });
  });

  it('grow with every quick answer, up to what a host may have, and are few again after a slow one', async () => {
    const limits = new HostLimits({ ...settings, perHost: 4, fewest: 1, total: 100, longestLine: 0 });
    const places = async () => {
      const { work, end, begun } = held();
      const runs = Array.from({ length: 6 }, () => limits.within('a', work));
      await new Promise((resolve) => setImmediate(resolve));
      const count = begun();
      for (let n = 0; n < count; n += 1) end();
      await Promise.all(runs);
      return count;
    };
    expect([await places(), await places(), await places(), await places()]).toEqual([1, 2, 4, 4]);
    await limits.within(
      'a',
      () =>
        new Promise<{ done: true }>((resolve) => setTimeout(() => resolve({ done: true }), 2 * settings.patienceMs)),
    );
    expect(await places()).toBe(1);
  });

  it('are free again after work that fails', async () => {
    const limits = new HostLimits({ ...settings, perHost: 1, fewest: 1 });
    await expect(limits.within('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await limits.within('a', () => Promise.resolve({ done: true }))).toEqual({ done: true });
  });
});
