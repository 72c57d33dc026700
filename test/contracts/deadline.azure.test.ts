import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { within } from '../../shared/adapters/azure/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a call within its time', () => {
  it('is ended when that is over', async () => {
    let signal: AbortSignal | undefined;
    const call = within(20, (given) => {
      signal = given;
      return new Promise<never>((_, reject) => {
        given.addEventListener('abort', () => {
          reject(given.reason as Error);
        });
      });
    });
    const ended = expect(call).rejects.toThrow('not done within 20 s');
    await vi.advanceTimersByTimeAsync(19_999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
  });

  it('gives what it gives, and nothing is kept of it then, whether it was answered or failed', async () => {
    const signals: AbortSignal[] = [];
    expect(await within(20, (signal) => Promise.resolve(signals.push(signal)))).toBe(1);
    await expect(within(20, (signal) => Promise.reject(new Error(String(signals.push(signal)))))).rejects.toThrow('2');
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });
});
