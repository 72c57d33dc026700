import { defineConfig } from 'vitest/config';

/** What is measured is time, so nothing else may run beside it. */
export const measuring = ['test/security/latency.test.ts', 'test/security/s09-every-parser-is-linear.test.ts'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those that measure time need the machine to themselves: `.ci/run` has them with the clients.
    exclude: ['test/clients/**', ...measuring],
    // Memory's stores do what Cosmos DB does now and then.
    setupFiles: ['test/chance.ts'],
    // Real child processes and sockets are part of many suites; a hung one must fail, not stall.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most suites wait for processes and sockets: more of them than cores run side by side.
    maxWorkers: 3,
    reporters: ['default'],
  },
});
