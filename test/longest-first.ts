import { relative } from 'node:path';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** These files take minutes where they run whole. Vitest knows of a new clone only how long their text is. */
const longest = [
  'test/simulation/simulation.test.ts',
  'test/shared/core/transfer/copy-graph.test.ts',
  'test/simulation/builds.test.ts',
  'test/simulation/replication/replication.test.ts',
  'test/shared/features/builds/bases/crash.test.ts',
  'test/security/s08-stopped-senders-hold-little.test.ts',
  // Those of the clients.
  'test/clients/portal.test.ts',
  'test/clients/portal-steering.test.ts',
  'test/clients/webhooks.test.ts',
  'test/clients/replication.test.ts',
  'test/clients/regions.test.ts',
  'test/clients/builds.test.ts',
];

/** Begins what takes longest first, so that at the end no core waits for the other. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = longest.indexOf(relative(process.cwd(), moduleId));
      return place === -1 ? longest.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
