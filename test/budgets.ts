import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A test file of `npm test` may take so many seconds on two idle cores with its neighbours beside it. */
const usual = 10;
const longer: Readonly<Record<string, number>> = {
  // Each starts `npm start`'s stack, some more than once.
  'test/faults/c02-tls-by-an-own-certificate.test.ts': 20,
  'test/faults/c03-blobs-behind-tls.test.ts': 20,
  'test/faults/f11-http10.test.ts': 20,
  'test/faults/n23-clock-ahead-is-said.test.ts': 25,
  'test/emulators/functions-host/real-host.test.ts': 25,
  'test/local/stack/auth.test.ts': 20,
  'test/local/stack/crash.test.ts': 30,
  'test/local/stack/event-grid-code.test.ts': 20,
  'test/local/stack/images.test.ts': 20,
  'test/local/stack/registries.test.ts': 30,
  'test/local/stack/slice.test.ts': 20,
  'test/local/stack/start.test.ts': 45,
  'test/local/stack/usage.test.ts': 30,
  'test/local/stack/webhooks.test.ts': 20,
  'test/security/held-raw-requests.test.ts': 20,
  'test/security/s07-only-the-host-reaches-the-library.test.ts': 20,
  // It tries a change before every call of each case.
  'test/shared/features/purge/marks-in-any-order.test.ts': 30,
  // It looks at what has been given back after half a minute.
  'test/security/s08-stopped-senders-hold-little.test.ts': 60,
  'test/security/s13-proofs-hold-for-one-purpose.test.ts': 20,
  'test/security/s16-only-own-host-names.test.ts': 20,
  'test/security/s17-the-local-stack-is-this-users-alone.test.ts': 25,
  'test/shared/core/transfer/copy-graph.test.ts': 15,
  'test/local/commands.test.ts': 20,
  // Other processes: Azurite, the host, the package's build, git, npm.
  'test/faults/b01-starts-install-once.test.ts': 20,
  'test/build/package.test.ts': 25,
  'test/contracts/git.http.test.ts': 20,
  'test/infra/doctor.test.ts': 20,
  'test/local/azurite/start.test.ts': 25,
  'test/emulators/cosmos/durability.test.ts': 20,
  'test/emulators/functions-host/queue-lease.test.ts': 25,
  'test/emulators/functions-host/start.test.ts': 30,
  'test/emulators/functions-host/upload-memory.test.ts': 25,
  'test/simulation/simulation.test.ts': 15,
  // Three measurements of each of some hundred patterns.
  'test/security/s09-every-pattern-is-linear.test.ts': 30,
};
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
