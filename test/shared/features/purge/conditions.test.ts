import { describe, expect, it } from 'vitest';
import type { Tag } from '../../../../shared/core/oci/name.ts';
import type { Judged } from '../../../../shared/features/purge/conditions.ts';
import { isAmong, keepsName, keptUntil, mayRemove, removedFrom } from '../../../../shared/features/purge/conditions.ts';
import type { Facts } from '../../../../shared/features/purge/facts.ts';
import type { KeepRule, RemoveRule } from '../../../../shared/features/purge/policy.ts';
import { day, factsOf, judged, keep, manifest, newest, policyOf, remove, tag } from './facts-for-test.ts';

describe('the time from which a rule removes an image or tag', () => {
  it.each<[string, Partial<RemoveRule>, Partial<Judged>, number, object?]>([
    ['has no tag since then', { untaggedDays: 5 }, { manifest: manifest({ untaggedSince: 20 * day }) }, 25 * day],
    ['was never seen with a tag: since its push', { untaggedDays: 5 }, {}, 15 * day],
    ['was held since', { untaggedDays: 5 }, { manifest: manifest({ heldAt: 30 * day }) }, 35 * day],
    ['has a tag', { untaggedDays: 5 }, { tag: tag() }, Infinity],
    ['was pulled', { notPulledDays: 5 }, { pulledAt: 50 * day }, 55 * day],
    ['was pushed after its last pull', { notPulledDays: 5 }, { pulledAt: 5 * day }, 15 * day],
    ["was never pulled, by its tag's push", { notPulledDays: 5 }, { tag: tag({ pushedAt: 40 * day }) }, 45 * day],
    ['is older than tracking', { notPulledDays: 5 }, { facts: factsOf({ trackedSince: 60 * day }) }, 65 * day],
    [
      'is not tracked',
      { notPulledDays: 5 },
      { facts: { ...factsOf(), trackedSince: undefined } as unknown as Facts },
      Infinity,
    ],
    ['is old by its tag, not by its manifest', { olderThanDays: 5 }, { tag: tag({ pushedAt: 40 * day }) }, 45 * day],
    ['is old by its manifest', { olderThanDays: 5 }, {}, 15 * day],
    ['has two demands: the later one', { olderThanDays: 5, notPulledDays: 5 }, { pulledAt: 50 * day }, 55 * day],
    ['is the second of the newest', { beyondNewest: 1 }, { ...newest('v2', 'v1'), tag: tag() }, -Infinity],
    ['is the newest', { beyondNewest: 1 }, { ...newest('v1', 'v0'), tag: tag() }, Infinity],
    ['is not among those known', { beyondNewest: 2 }, { ...newest('v3', 'v2'), tag: tag() }, -Infinity],
    ['has no tag to count', { beyondNewest: 1 }, newest('v2', 'v1'), Infinity],
    [
      'is counted among those that the rule may take',
      { beyondNewest: 1, tags: ['v*'] },
      { ...newest('main', 'v1'), tag: tag() },
      Infinity,
    ],
    [
      'is of the type',
      { artifactTypes: ['x', 'image/*'] },
      { manifest: manifest({ types: ['image/config'] }), tag: tag() },
      -Infinity,
    ],
    [
      'is of another type',
      { artifactTypes: ['image/*'] },
      { manifest: manifest({ types: ['sbom'] }), tag: tag() },
      Infinity,
    ],
    ['has no type', { artifactTypes: ['*'] }, { tag: tag() }, Infinity],
    ['has a tag that the policy takes', { olderThanDays: 5, tags: ['v*'] }, { tag: tag() }, 15 * day],
    ['has another tag', { olderThanDays: 5, tags: ['w*', 'x'] }, { tag: tag() }, Infinity],
    ['has no tag where tags are named', { olderThanDays: 5, tags: ['*'] }, {}, Infinity],
    ['has no tag where versions are named', { olderThanDays: 5, semver: '*' }, {}, Infinity],
    [
      'is a version in the range',
      { olderThanDays: 5, semver: '<2.0.0' },
      { tag: tag({ name: 'v1.2.3' as Tag }) },
      15 * day,
    ],
    [
      'is a version beyond the range',
      { olderThanDays: 5, semver: '<2.0.0' },
      { tag: tag({ name: 'v2.0.0' as Tag }) },
      Infinity,
    ],
    ['is no version', { olderThanDays: 5, semver: '*' }, { tag: tag({ name: 'main' as Tag }) }, Infinity],
    [
      'has a tag that the policy leaves out',
      { olderThanDays: 5 },
      { tag: tag() },
      Infinity,
      { tags: { include: ['*'], exclude: ['v*'] } },
    ],
    ['has no tag, in a policy of some tags', { olderThanDays: 5 }, {}, Infinity, { tags: { include: ['v*'] } }],
    [
      'has no tag, in a policy that leaves tags out',
      { olderThanDays: 5 },
      {},
      Infinity,
      { tags: { include: ['*'], exclude: ['x'] } },
    ],
    [
      'has no tag, in a policy of some tags, and the rule is about that',
      { untaggedDays: 5 },
      {},
      15 * day,
      { tags: { include: ['v*'] } },
    ],
  ])('that %s', (_, rule, given, time, policy) => {
    expect(removedFrom(remove(rule), judged(given), policyOf(policy))).toBe(time);
  });
});

describe('the time until which a rule keeps an image or tag', () => {
  it.each<[string, Partial<KeepRule>, Partial<Judged>, number]>([
    ['has the tag', { tags: ['x', 'v*'] }, { tag: tag() }, Infinity],
    ['has another tag', { tags: ['latest'] }, { tag: tag() }, -Infinity],
    ['has no tag', { tags: ['*'] }, {}, -Infinity],
    ['is a version', { semver: '<2.0.0' }, { tag: tag({ name: '1.0.0' as Tag }) }, Infinity],
    ['is a later version', { semver: '<2.0.0' }, { tag: tag({ name: '2.0.0' as Tag }) }, -Infinity],
    ['has no tag where versions are kept', { semver: '*' }, {}, -Infinity],
    ['is the newest', { newest: 1 }, { ...newest('v1', 'v0'), tag: tag() }, Infinity],
    ['is the second', { newest: 1 }, { ...newest('v2', 'v1'), tag: tag() }, -Infinity],
    [
      'is the first of those that the rule is about',
      { newest: 1, tags: ['v*'] },
      { ...newest('main', 'v1'), tag: tag() },
      Infinity,
    ],
    ['has no tag to count', { newest: 1 }, newest('v1'), -Infinity],
    ['was pulled', { pulledWithinDays: 5 }, { pulledAt: 50 * day }, 55 * day],
    [
      'was never pulled since tracking began, and pushed since',
      { pulledWithinDays: 5 },
      { facts: factsOf({ trackedSince: 10 * day }) },
      -Infinity,
    ],
    [
      'was pushed before tracking began',
      { pulledWithinDays: 5 },
      { facts: factsOf({ trackedSince: 20 * day }) },
      25 * day,
    ],
    [
      'was pushed before tracking began, with a later tag',
      { pulledWithinDays: 5 },
      { facts: factsOf({ trackedSince: 20 * day }), tag: tag({ pushedAt: 30 * day }) },
      25 * day,
    ],
    [
      'is a later manifest with an earlier tag',
      { pulledWithinDays: 5 },
      { facts: factsOf({ trackedSince: 20 * day }), manifest: manifest({ pushedAt: 30 * day }), tag: tag() },
      25 * day,
    ],
    [
      'is not tracked',
      { pulledWithinDays: 5 },
      { facts: { ...factsOf(), trackedSince: undefined } as unknown as Facts, pulledAt: 5 },
      Infinity,
    ],
    [
      'has the label',
      { labels: { team: 'blue' } },
      { manifest: manifest({ labels: [{ x: 'y' }, { team: 'blue' }] }) },
      Infinity,
    ],
    [
      'has another value',
      { labels: { team: 'blue' } },
      { manifest: manifest({ labels: [{ team: 'red' }] }) },
      -Infinity,
    ],
    [
      'has one of two labels',
      { labels: { team: 'blue', stage: 'live' } },
      { manifest: manifest({ labels: [{ team: 'blue' }] }) },
      -Infinity,
    ],
    [
      'has both, at two places',
      { labels: { team: 'blue', stage: 'live' } },
      { manifest: manifest({ labels: [{ team: 'blue' }, { stage: 'live' }] }) },
      Infinity,
    ],
    [
      'has a value with a slash, by a star',
      { labels: { url: 'https:*' } },
      { manifest: manifest({ labels: [{ url: 'https://a/b' }] }) },
      Infinity,
    ],
    ['has no label', { labels: { team: '*' } }, {}, -Infinity],
    ['has an inherited name', { labels: { toString: '*' } }, { manifest: manifest({ labels: [{}] }) }, -Infinity],
    [
      'has labels that are not known',
      { labels: { team: 'blue' } },
      { manifest: manifest({ labels: 'unknown' }) },
      Infinity,
    ],
    ['holds one demand of two', { tags: ['v*'], pulledWithinDays: 5 }, { tag: tag(), pulledAt: 50 * day }, 55 * day],
  ])('that %s', (_, rule, given, time) => {
    expect(keptUntil(keep(rule), judged(given))).toBe(time);
  });

  it('is asked of names alone', () => {
    expect([
      keepsName(keep({ tags: ['v*'] }), 'v1'),
      keepsName(keep({ tags: ['v*'] }), 'w1'),
      keepsName(keep({ semver: '1.x' }), '1.2.0'),
      keepsName(keep({ semver: '1.x' }), '2.0.0'),
      keepsName(keep({ newest: 1 }), 'any'),
    ]).toEqual([true, false, true, false, true]);
    expect([
      mayRemove(remove({ tags: ['v*'] }), 'v1', policyOf()),
      mayRemove(remove({ tags: ['v*'] }), 'v1', policyOf({ tags: { exclude: ['v1'] } })),
      mayRemove(remove({ semver: '1.x', tags: ['*'] }), '2.0.0', policyOf()),
      mayRemove(remove({ semver: '1.x', tags: ['1*'] }), '1.2.0', policyOf()),
    ]).toEqual([true, false, false, true]);
    expect([
      isAmong({ include: ['a', 'b*'], exclude: ['bx'] }, 'b1'),
      isAmong({ include: ['a', 'b*'], exclude: ['bx'] }, 'bx'),
      isAmong({ include: [], exclude: [] }, 'a'),
    ]).toEqual([true, false, false]);
  });
});
