import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**'],
    // Real child processes and sockets are part of many suites; a hung one must fail, not stall.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most suites wait for processes and sockets: more of them than cores run side by side.
    maxWorkers: 3,
    reporters: ['default'],
  },
});
