import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { overBudget, staleBudgets } from './budgets.ts';
import { slowest } from './slowest.ts';

const took = (name: string, seconds: number) => ({
  name: `/project/${name}`,
  startTime: 1_000,
  endTime: 1_000 + seconds * 1000,
});

describe('the time that a test file may take', () => {
  it('is ten seconds where nothing else is said, and four times that on a busy machine', () => {
    const report = { testResults: [took('quick.test.ts', 39), took('slow.test.ts', 41), took('worse.test.ts', 90)] };
    expect(overBudget(report, '/project', {}).map((line) => line.split(';')[0])).toEqual([
      'worse.test.ts took 90 s',
      'slow.test.ts took 41 s',
    ]);
  });

  it('is what its budget says', () => {
    const report = { testResults: [took('a.test.ts', 90), took('b.test.ts', 90)] };
    expect(overBudget(report, '/project', { 'a.test.ts': 30, 'b.test.ts': 20 })).toEqual([
      expect.stringMatching(/^b\.test\.ts took 90 s; its budget is 20 s/),
    ]);
  });

  it('is said of files that there are', () => {
    expect(staleBudgets(existsSync)).toEqual([]);
  });

  it('is shown of those that took longest', () => {
    const report = { testResults: [took('a.test.ts', 9), took('b.test.ts', 90), took('c.test.ts', 12)] };
    expect(slowest(report, '/project', 2)).toEqual(['     90 s  b.test.ts', '     12 s  c.test.ts']);
  });
});
