import { describe, expect, it } from 'vitest';
import type { RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import type { Facts, ManifestFacts, TagFacts } from '../../../../shared/features/purge/facts.ts';
import type { Rules } from '../../../../shared/features/purge/judge.ts';
import { judge } from '../../../../shared/features/purge/judge.ts';
import { policySchema } from '../../../../shared/features/purge/policy.ts';
import { digestAt, now } from './arbitrary.ts';

const graceMs = 24 * 3600 * 1000;
const rulesOf = (remove: object): Rules => ({
  policy: policySchema.parse({ remove: [{ name: 'r', ...remove }] }),
  keep: [],
  graceMs,
});

const manifest = (n: number, facts: Partial<ManifestFacts> = {}): ManifestFacts => ({
  digest: digestAt(n),
  mediaType: 'm',
  pushedAt: 0,
  untaggedSince: 0,
  types: [],
  labels: [],
  ...facts,
});
const tag = (name: string, pushedAt: number): TagFacts => ({ name: name as Tag, pushedAt });
const factsOf = (facts: Partial<Facts>): Facts => ({
  repository: 'team/app' as RepositoryName,
  manifest: manifest(0),
  tags: [],
  along: [],
  newestTags: [],
  trackedSince: 0,
  ...facts,
});

describe('an image that was pushed within the grace', () => {
  // The rule itself is past: it takes whatever is there.
  const anything = rulesOf({ beyondNewest: 1 });
  const newestTags = ['newer' as Tag];

  it.each([
    [0.9, 'keep'],
    [1.1, 'due'],
  ] as const)('is kept as a manifest that was pushed %d of a grace ago: %s', (graces, verdict) => {
    const judged = judge(
      factsOf({ manifest: manifest(0, { pushedAt: now - graces * graceMs }), tags: [tag('v1', 0)], newestTags }),
      anything,
      now,
    );
    expect([judged.manifest.verdict, judged.tags[0]?.verdict]).toEqual([verdict, verdict]);
    expect(judged.tags[0]?.rule).toBe(verdict === 'keep' ? 'new' : 'r');
  });

  it.each([
    [0.9, 'keep'],
    [1.1, 'due'],
  ] as const)('is kept as a tag of an old manifest that was pushed %d of a grace ago: %s', (graces, verdict) => {
    const judged = judge(
      factsOf({ tags: [tag('old', 0), tag('v1', now - graces * graceMs)], newestTags }),
      anything,
      now,
    );
    expect([judged.manifest.verdict, ...judged.tags.map((each) => each.verdict)]).toEqual([verdict, verdict, verdict]);
  });

  it.each([
    [0.9, 'keep'],
    [1.1, 'due'],
  ] as const)('is kept as what goes along, and was pushed %d of a grace ago: %s', (graces, verdict) => {
    const judged = judge(
      factsOf({
        tags: [tag('v1', 0)],
        newestTags,
        along: [{ ...manifest(1, { pushedAt: now - graces * graceMs }), isChild: false }],
      }),
      anything,
      now,
    );
    expect(judged.manifest.verdict).toBe(verdict);
  });
});

describe('a pull', () => {
  const unused = rulesOf({ notPulledDays: 30 });
  const yesterday = now - graceMs;

  it.each([
    [true, 'keep'],
    [false, 'due'],
  ] as const)(
    'of what goes along counts as one of the image when that is its child (%s), not when it is its signature: %s',
    (isChild, kept) => {
      const judged = judge(
        factsOf({ tags: [tag('v1', 0)], along: [{ ...manifest(1, { pulledAt: yesterday }), isChild }] }),
        unused,
        now,
      );
      expect([judged.manifest.verdict, judged.tags[0]?.verdict]).toEqual(
        kept === 'due' ? ['due', 'due'] : ['keep', 'not-yet'],
      );
    },
  );
});
