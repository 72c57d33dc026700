import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestReport } from './budgets.ts';

/** The slowest test files of a report, a line each: seconds from its first test to its last, and its path. */
export function slowest({ testResults }: TestReport, root: string, count: number): string[] {
  return testResults
    .map(({ name, startTime, endTime }) => ({ path: relative(root, name), took: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.took - a.took)
    .slice(0, count)
    .map(({ path, took }) => `${took.toFixed(0).padStart(7)} s  ${path}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TestReport;
  for (const line of slowest(report, resolve(import.meta.dirname, '..'), 10)) process.stdout.write(`${line}\n`);
}
