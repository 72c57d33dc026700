import { defineConfig } from 'vitest/config';

/** The tests nearest to the files of stryker.config.json: pure, and quick enough to be run for each change of them. */
export default defineConfig({
  test: {
    include: [
      'test/shared/purge/policy/{grace,conditions}.test.ts',
      'test/shared/identity/{grants,conditions}.test.ts',
      'test/shared/state/{schedule,pattern}.test.ts',
      'test/shared/webhooks/schedule.test.ts',
      'test/shared/oci/digest.test.ts',
      'test/shared/http/range.test.ts',
      'test/shared/replication/filters.test.ts',
      'test/shared/builds/rebase/merge.test.ts',
    ],
    testTimeout: 30_000,
  },
});
