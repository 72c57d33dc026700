import { defineConfig } from 'vitest/config';

/** The tests nearest to the files of stryker.config.json: pure, and quick enough to be run for each change of them. */
export default defineConfig({
  test: {
    include: [
      'test/shared/features/purge/{grace,conditions,judgement}.test.ts',
      'test/shared/features/identity/{grants,catalog-grants,conditions,pattern}.test.ts',
      'test/shared/core/rules/{schedule,pattern}.test.ts',
      'test/shared/features/webhooks/schedule.test.ts',
      'test/shared/core/oci/digest.test.ts',
      'test/shared/core/http/range.test.ts',
      'test/shared/features/replication/filters.test.ts',
      'test/shared/features/builds/rebase/merge.test.ts',
    ],
    testTimeout: 30_000,
  },
});
