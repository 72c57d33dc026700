import { describe, expect, it } from 'vitest';
import { SharedRuns } from '../../../../shared/core/events/shared-runs.ts';

describe('work that many ask for at once', () => {
  it('is done once more for all who asked while it was under way, and after that anew', async () => {
    const runs = new SharedRuns();
    let [begun, ended] = [0, 0];
    const work = async () => {
      begun += 1;
      expect(begun).toBe(ended + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      ended += 1;
    };
    const first = runs.run('a', work);
    await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([first, ...Array.from({ length: 100 }, () => runs.run('a', work))]);
    expect(begun).toBe(2);
    await runs.run('a', work);
    expect(begun).toBe(3);
  });

  it('fails for those alone who waited for the run that failed, and goes on after it', async () => {
    const runs = new SharedRuns();
    const done: string[] = [];
    const outcomes = await Promise.allSettled([
      runs.run('a', () => Promise.reject(new Error('no store'))),
      runs.run('a', () => Promise.resolve(void done.push('second'))),
      runs.run('b', () => Promise.resolve(void done.push('other'))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(done.sort()).toEqual(['other', 'second']);
    await runs.run('a', () => Promise.resolve(void done.push('third')));
    expect(done.at(-1)).toBe('third');
  });
});
