import { afterAll, beforeAll } from 'vitest';
import { remoteApp } from '../conformance/registry.ts';
import { conformance } from '../conformance/workflows.ts';
import type { RunningRegions } from './regions.ts';
import { startRegions } from './regions.ts';

let regions: RunningRegions;

beforeAll(async () => {
  regions = await startRegions();
});

afterAll(() => regions.stop());

// At the lag that the stack has by itself: two of the three regions show everything a fifth of a second late.
for (const at of [0, 1, 2]) {
  for (const [host, urls] of [
    ['plain Node', 'urls'],
    ['Functions', 'functionsUrls'],
  ] as const) {
    conformance(`the ${host} host of region ${at + 1} of 3`, () =>
      Promise.resolve({ app: remoteApp(regions[urls][at] ?? ''), stop: () => Promise.resolve() }),
    );
  }
}
