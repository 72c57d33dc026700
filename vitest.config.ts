import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { isDeep } from './test/deep.ts';
import { LongestFirst } from './test/longest-first.ts';

/** What is measured is time, so nothing else may run beside it. */
export const measuring = ['test/security/latency.test.ts', 'test/security/s09-every-parser-is-linear.test.ts'];

/** They mock a module, have the Functions library's state, or look at what their own process uses. */
const alone = [
  'test/contracts/git.http.test.ts',
  'test/emulators/functions-host/{busy,event-grid,http-*,lifecycle,queue,start,stream-exchange,timer}.test.ts',
  'test/functions/**/*.test.ts',
  'test/security/{s01-builds-*,s01-contexts-*,s13-*,s16-*}.test.ts',
  'test/shared/adapters/buildah/disk.test.ts',
  'test/shared/adapters/git/pack.test.ts',
  'test/shared/core/dockerfile/fuzz.test.ts',
  'test/shared/core/http/give-way.test.ts',
  'test/shared/features/builds/bases/many.test.ts',
  'test/simulation/**/*.test.ts',
];

/** They start processes, and wait for them. */
const apart = [
  'test/bench/run.test.ts',
  'test/build/**/*.test.ts',
  'test/contracts/{blobs,failures,queues}.azure.test.ts',
  'test/emulators/{cosmos/durability,event-grid/blob-dead-letter,event-grid/durability}.test.ts',
  'test/emulators/functions-host/{ncrontab,queue-*,schedule-monitor,settings,upload-memory}.test.ts',
  'test/faults/{b01,c02,c03,f11,n19-n22,n24}-*.test.ts',
  'test/faults/o01-logs-are-rotated.test.ts',
  'test/host/run.test.ts',
  'test/infra/{deploy,password}.test.ts',
  'test/local/*.test.ts',
  'test/local/{azurite,stack}/**/*.test.ts',
  'test/security/{held-raw-requests,s01-a-*,s17-*,s22-over-http}.test.ts',
  'test/shared/features/webhooks/receiver.test.ts',
];

/**
 * Suites that `npm test` runs over memory or plain Node, here over the stack and the built package; and what takes much
 * of a machine: processes that are started, killed or examined again and again, costs beside thousands of others, and
 * stalls that are waited for.
 */
export const long = [
  'test/build/{package,suites}.test.ts',
  'test/emulators/{cosmos,event-grid}/durability.test.ts',
  'test/emulators/functions-host/{queue-lease,real-host}.test.ts',
  'test/faults/{b01-*,c02-*,n23-*,o01-local-state-shrinks}.test.ts',
  'test/infra/{deploy-smoke,doctor}.test.ts',
  'test/local/azurite/start.test.ts',
  'test/local/stack/{conformance*,crash,event-grid-code,images,moved-containers,registries,renamed-due,start,usage,webhooks}.test.ts',
  'test/security/{s07-*,s08-*,s09-every-pattern-is-linear,s17-*}.test.ts',
  'test/shared/features/{purge,recycle-bin}/cost.test.ts',
  'test/security/{s03,s04,s22}-over-http.test.ts',
];

/** Suites of which `npm test` runs a part (test/deep.ts). */
const sized = globSync('test/**/*.test.ts').filter((path) => readFileSync(path, 'utf8').includes("/deep.ts'"));

const every = {
  // Memory's stores do what Cosmos DB does now and then.
  setupFiles: ['test/chance.ts'],
  // Real child processes and sockets are part of many suites; a hung one must fail, not stall.
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // Most suites wait for processes and sockets: more of them than cores run side by side.
  maxWorkers: 3,
};
const elsewhere = ['test/clients/**', ...measuring, ...long];

/** `npm test` runs `unit`, `stack` and `alone`, `.ci/run` also `deep`; a file that is named runs in whichever it is. */
export default defineConfig({
  test: {
    reporters: ['default'],
    ...(isDeep ? { sequence: { sequencer: LongestFirst } } : {}),
    projects: [
      {
        test: {
          ...every,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...elsewhere, ...apart, ...alone],
          // Nothing is left behind in a thread, so the app is loaded once in each, not once for each file.
          pool: 'threads',
          isolate: false,
        },
      },
      // Most of what these use is used by the processes that they start. Their own load their modules once, too.
      { test: { ...every, name: 'stack', include: apart, exclude: elsewhere, pool: 'forks', isolate: false } },
      { test: { ...every, name: 'alone', include: alone, exclude: elsewhere, pool: 'forks' } },
      {
        test: { ...every, name: 'deep', include: isDeep ? [...long, ...sized] : long, pool: 'forks' },
      },
    ],
  },
});
