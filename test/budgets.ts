import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a test file of `npm test` may take on two idle cores with its neighbours beside it, in seconds. */
const usual = 10;
const longer: Readonly<Record<string, number>> = {};
/** A busy machine takes longer. What grows by more than this has become slower itself. */
const slack = 4;

/** The part of vitest's JSON report that is read. */
export interface TestReport {
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[];
}

/** A line for each file that took longer than it may, the worst first. */
export function overBudget(
  { testResults }: TestReport,
  root: string,
  budgets: Readonly<Record<string, number>> = longer,
): string[] {
  return testResults
    .map(({ name, startTime, endTime }) => {
      const path = relative(root, name);
      return { path, took: (endTime - startTime) / 1000, budget: budgets[path] ?? usual };
    })
    .filter(({ took, budget }) => took > slack * budget)
    .sort((a, b) => b.took / b.budget - a.took / a.budget)
    .map(
      ({ path, took, budget }) =>
        `${path} took ${took.toFixed(0)} s; its budget is ${budget} s, and ${slack} times that on a busy machine. ` +
        'Make it quicker, have test/deep.ts cut it, or raise its budget in test/budgets.ts.',
    );
}

/** Budgets of files that there are no more. */
export function staleBudgets(exists: (path: string) => boolean): string[] {
  return Object.keys(longer).filter((path) => !exists(path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TestReport;
  const lines = overBudget(report, resolve(import.meta.dirname, '..'));
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode = lines.length > 0 ? 1 : 0;
}
