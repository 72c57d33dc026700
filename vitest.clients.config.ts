import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';
import { measuring } from './vitest.config.ts';

/** They measure time, or what a build takes of the machine: nothing runs beside them. */
const alone = [...measuring, 'test/clients/{greedy-build,many-referrers}.test.ts'];

const every = { testTimeout: 300_000, hookTimeout: 120_000, pool: 'forks' as const };

/**
 * These suites need more than npm: Debian's clients. `.ci/run` installs them; `npm test` leaves the suites out. Each
 * brings up a whole stack and waits for it much of the time, so two run side by side.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...every,
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...every, name: 'clients-alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
