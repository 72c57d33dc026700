import { describe, it } from 'vitest';
import { checkKilledDeletions } from '../faults/killed-deletions.ts';

describe('a deletion with referrers', () => {
  it('comes to the same whichever of all its store calls its process is killed at, or fails at, or loses the answer of', () =>
    checkKilledDeletions(1, 1));
});
