import { describe, it } from 'vitest';
import { checkKilledDeletions } from './killed-deletions.ts';

describe('a deletion with referrers', () => {
  // Every one of them is hit in test/clients/killed-deletions.test.ts, which takes its time.
  it(
    'comes to the same whichever of its store calls its process is killed at, or fails at, or loses the answer of',
    () => checkKilledDeletions(1 + Math.floor(Math.random() * 29), 29),
    60_000,
  );
});
