import { describe, expect, it } from 'vitest';
import { changesOf, typedOf } from '../../portal/src/pages/purge/typed.ts';
import { policySchema } from '../../shared/features/purge/policy.ts';

const policy = policySchema.parse({
  repositories: { include: ['team/**'], exclude: ['team/keep'] },
  tags: { include: ['*'], exclude: ['v*', 'latest'] },
  remove: [
    {
      name: 'old',
      untaggedDays: 1,
      notPulledDays: 2,
      olderThanDays: 3,
      beyondNewest: 4,
      artifactTypes: ['application/x', 'application/*'],
      semver: '>=1.0.0 <2.0.0',
      tags: ['ci-*'],
    },
  ],
  keep: [
    { name: 'named', tags: ['a', 'b'], newest: 5, pulledWithinDays: 6, labels: { 'a.b': 'x=1', c: '*' }, semver: '^3' },
  ],
  retentionDays: 7,
  schedule: { every: 'week', at: '04:30', on: 'friday' },
  brakePercent: 8,
});

describe('a purge policy in a form', () => {
  it('is sent as it was read, with every field of every rule', () => {
    const nothing = typedOf(
      policySchema.parse({ remove: [{ name: 'x', untaggedDays: 99 }], retentionDays: 90, brakePercent: 99 }),
    );
    expect(changesOf(nothing, typedOf(policy))).toEqual(policy);
  });

  it('sends only the parts that were changed', () => {
    const before = typedOf(policy);
    expect(changesOf(before, before)).toEqual({});
    expect(changesOf(before, { ...before, brakePercent: '50' })).toEqual({ brakePercent: 50 });
    expect(changesOf(before, { ...before, remove: [{ name: 'new', olderThanDays: '9' }] })).toEqual({
      remove: [{ name: 'new', olderThanDays: 9 }],
    });
  });

  it('says which field is no number, and which line no label', () => {
    const before = typedOf(policy);
    for (const text of ['', '0', '-1', '1.5', 'ten', '1e3'])
      expect(() => changesOf(before, { ...before, retentionDays: text })).toThrow('"Days in the recycle bin" must be');
    expect(() => changesOf(before, { ...before, keep: [{ name: 'k', labels: 'x' }] })).toThrow('"x" is no label');
  });
});
