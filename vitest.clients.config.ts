import { defineConfig } from 'vitest/config';
import { measuring } from './vitest.config.ts';

// What needs more than npm: Debian's clients. `.ci/run` installs them; `npm test` leaves these suites out.
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts', ...measuring],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One at a time: each brings up a whole stack, and one measures its memory.
    fileParallelism: false,
  },
});
