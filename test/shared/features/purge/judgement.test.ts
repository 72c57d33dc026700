import { describe, expect, it } from 'vitest';
import type { Tag } from '../../../../shared/core/oci/name.ts';
import type { Facts } from '../../../../shared/features/purge/facts.ts';
import type { Rules } from '../../../../shared/features/purge/judge.ts';
import { judge } from '../../../../shared/features/purge/judge.ts';
import { digestAt } from './arbitrary.ts';
import { at, day, factsOf, keep, manifest, now, policyOf, tag } from './facts-for-test.ts';

describe('a judgement', () => {
  const rules = (
    given: { remove?: object[]; keep?: object[]; retentionDays?: number } = {},
    others: Rules['keep'] = [],
  ): Rules => {
    const policy = policyOf({ remove: [{ name: 'old', olderThanDays: 30 }], ...given });
    return { policy, keep: [...policy.keep, ...others], graceMs: day };
  };
  const evidence = { pushedAt: at(10), trackedSince: at(0) };

  it('says which rule removes a manifest without a tag, by which evidence, and when', () => {
    expect(judge(factsOf(), rules(), now)).toEqual({
      manifest: {
        verdict: 'due',
        rule: 'old',
        why: `older than 30 days (pushed ${at(10)})`,
        evidence: { ...evidence, untaggedSince: at(0) },
        dueAt: 40 * day,
      },
      tags: [],
      along: [],
      recheckAt: 40 * day,
    });
    expect(judge(factsOf({ manifest: manifest({ pulledAt: 20 * day }) }), rules(), now).manifest.evidence).toEqual({
      ...evidence,
      lastPull: at(20),
      untaggedSince: at(0),
    });
    expect(
      judge({ ...factsOf(), trackedSince: undefined } as unknown as Facts, rules(), now).manifest.evidence,
    ).toEqual({ pushedAt: at(10), untaggedSince: at(0) });
  });

  it('is made of each tag, and the manifest is removed with the last of them', () => {
    const one = judge(factsOf({ tags: [tag()] }), rules(), now);
    const why = `older than 30 days (pushed ${at(10)})`;
    expect(one).toEqual({
      manifest: { verdict: 'due', rule: 'old', why: `its tag is removed: ${why}`, evidence, dueAt: 40 * day },
      tags: [{ tag: 'v1', verdict: 'due', rule: 'old', why, evidence, dueAt: 40 * day }],
      along: [],
      recheckAt: 40 * day,
    });
    const two = judge(
      factsOf({ tags: [tag({ pushedAt: 20 * day }), tag({ name: 'v2' as Tag, pulledAt: 9 * day })] }),
      rules(),
      now,
    );
    expect(two.manifest).toEqual({
      verdict: 'due',
      rule: 'old',
      why: 'its 2 tags are removed',
      evidence,
      dueAt: 50 * day,
    });
    expect([two.tags[0]?.evidence.pushedAt, two.tags[1]?.evidence.lastPull, two.recheckAt]).toEqual([
      at(20),
      at(9),
      40 * day,
    ]);
    const stays = judge(
      factsOf({ tags: [tag(), tag({ name: 'latest' as Tag })] }),
      rules({ keep: [{ name: 'mine', tags: ['latest'] }] }),
      now,
    );
    expect(stays.manifest).toEqual({
      verdict: 'keep',
      rule: 'tag',
      why: 'tag latest: the rule to keep "mine"',
      evidence,
    });
    expect(stays.tags.map(({ verdict, rule }) => [verdict, rule])).toEqual([
      ['due', 'old'],
      ['keep', 'mine'],
    ]);
  });

  it('says which rule will remove the image, or that none does', () => {
    expect(judge(factsOf({ manifest: manifest({ pushedAt: 190 * day }) }), rules(), now).manifest).toMatchObject({
      verdict: 'not-yet',
      rule: 'old',
      dueAt: 220 * day,
    });
    expect(judge(factsOf({ manifest: manifest({ pushedAt: 170 * day }) }), rules(), now).manifest).toMatchObject({
      verdict: 'due',
      dueAt: 200 * day,
    });
    const none = judge(
      factsOf({ tags: [tag()] }),
      rules({ remove: [{ name: 'other', olderThanDays: 1, tags: ['x'] }] }),
      now,
    );
    expect(none.tags[0]).toEqual({ tag: 'v1', verdict: 'keep', why: 'no rule removes it', evidence });
    expect('recheckAt' in none).toBe(false);
  });

  it('uses the rule that removes the image first', () => {
    const two = (first: number, second: number) =>
      judge(
        factsOf(),
        rules({
          remove: [
            { name: 'a', olderThanDays: first },
            { name: 'b', olderThanDays: second },
          ],
        }),
        now,
      ).manifest;
    expect([two(50, 40).rule, two(40, 50).rule, two(40, 40).rule]).toEqual(['b', 'a', 'a']);
    expect(two(50, 40).dueAt).toBe(50 * day);
  });

  it.each<[string, Partial<Facts>, string, string, number | undefined]>([
    [
      "the repository's lock",
      { repositoryLocked: 'deleteEnabled' },
      'locked',
      'deleteEnabled of repository team/app is false',
      40 * day,
    ],
    [
      'its own lock',
      { manifest: manifest({ locked: 'writeEnabled' }) },
      'locked',
      `writeEnabled of manifest ${digestAt(0)} is false`,
      40 * day,
    ],
    [
      "its tag's lock",
      { tags: [tag({ locked: 'deleteEnabled' })] },
      'locked',
      'deleteEnabled of tag v1 is false',
      40 * day,
    ],
    [
      'who uses it',
      { manifest: manifest({ inUse: { source: 'west', until: 220 * day } }) },
      'in-use',
      `west says that it is in use, until ${at(220)}`,
      220 * day,
    ],
    [
      'its push a moment ago',
      { manifest: manifest({ pushedAt: 199.5 * day }), tags: [tag()] },
      'new',
      'it was pushed a moment ago',
      200.5 * day,
    ],
    [
      "its tag's push a moment ago",
      { tags: [tag({ pushedAt: 199.5 * day })] },
      'new',
      'tag v1 was pushed a moment ago',
      229.5 * day,
    ],
    [
      'that it was held',
      { manifest: manifest({ heldAt: 195 * day }), tags: [tag()] },
      'held',
      'it was restored, or an index listed it, less than 14 days ago',
      225 * day,
    ],
    [
      'what its tag is about',
      { tags: [tag({ about: digestAt(9) })] },
      'subject',
      `its name says that it refers to ${digestAt(9)}`,
      undefined,
    ],
    [
      'a part in use',
      { along: [{ ...manifest({ digest: digestAt(1), inUse: { source: 'west', until: 220 * day } }), isChild: true }] },
      'part',
      `${digestAt(1)} would be removed along with it: west says that it is in use, until ${at(220)}`,
      220 * day,
    ],
    [
      'a part that is locked',
      { along: [{ ...manifest({ digest: digestAt(1), locked: 'deleteEnabled' }), isChild: true }] },
      'locked',
      `${digestAt(1)} would be removed along with it: deleteEnabled of manifest ${digestAt(1)} is false`,
      40 * day,
    ],
    [
      'a part that was pushed a moment ago',
      { along: [{ ...manifest({ digest: digestAt(1), pushedAt: 199.5 * day }), isChild: false }] },
      'new',
      'it was pushed a moment ago',
      200.5 * day,
    ],
  ])('is kept by %s', (_, given, rule, why, dueAt) => {
    const judgement = judge(factsOf(given), rules(), now);
    const decided = judgement.tags[0] ?? judgement.manifest;
    expect([decided.verdict, decided.rule, decided.why, decided.dueAt]).toEqual(['keep', rule, why, dueAt]);
    expect(judgement.along).toEqual((given.along ?? []).map(({ digest }) => digest));
  });

  it('keeps a manifest for an index that lists it, and for a subject that it refers to, whatever its tags are', () => {
    const by = (is: 'index' | 'subject') =>
      judge(factsOf({ keeper: { is, digest: digestAt(9) }, tags: [tag()] }), rules(), now).manifest;
    expect([by('index'), by('subject')]).toEqual([
      { verdict: 'keep', rule: 'index', why: `listed by the index ${digestAt(9)}`, evidence },
      { verdict: 'keep', rule: 'subject', why: `refers to ${digestAt(9)}`, evidence },
    ]);
  });

  it('names the policy whose rule keeps, and a rule rather than a lock', () => {
    const other = { ...keep({ tags: ['v*'] }), policy: 'other' };
    expect(judge(factsOf({ tags: [tag()] }), rules({}, [other]), now).tags[0]).toMatchObject({
      verdict: 'keep',
      rule: 'k',
      why: 'the rule to keep "k" of the policy "other"',
    });
    const both = judge(factsOf({ repositoryLocked: 'deleteEnabled', tags: [tag()] }), rules({}, [other]), now).tags[0];
    expect([both?.rule, both !== undefined && 'dueAt' in both]).toEqual(['k', false]);
    const part = { ...manifest({ digest: digestAt(1), labels: [{ keep: 'yes' }] }), isChild: true };
    expect(
      judge(factsOf({ along: [part] }), rules({ keep: [{ name: 'labelled', labels: { keep: 'yes' } }] }), now).manifest,
    ).toMatchObject({
      rule: 'part',
      why: `${digestAt(1)} would be removed along with it: the rule to keep "labelled"`,
    });
    const pulled = { ...manifest({ digest: digestAt(1), pulledAt: 195 * day }), isChild: false };
    expect(
      judge(
        factsOf({ along: [pulled], trackedSince: 0 }),
        rules({ keep: [{ name: 'used', pulledWithinDays: 10 }] }),
        now,
      ).manifest,
    ).toMatchObject({ verdict: 'keep', rule: 'part', dueAt: 205 * day });
  });

  it('is not kept by a pin that is over, nor by a hold that is over', () => {
    expect(
      judge(factsOf({ manifest: manifest({ inUse: { source: 'west', until: now } }) }), rules(), now).manifest.verdict,
    ).toBe('due');
    expect(
      judge(factsOf({ manifest: manifest({ heldAt: 160 * day }) }), rules({ retentionDays: 40 }), now).manifest.verdict,
    ).toBe('due');
    expect(
      judge(factsOf({ manifest: manifest({ heldAt: 161 * day }) }), rules({ retentionDays: 40 }), now).manifest,
    ).toMatchObject({
      rule: 'held',
      why: 'it was restored, or an index listed it, less than 40 days ago',
      dueAt: 201 * day,
    });
  });

  it('uses the latest of all pulls, whichever of them that is', () => {
    const pulls = (ofTag: number, ofManifest: number) =>
      judge(
        factsOf({ manifest: manifest({ pulledAt: ofManifest * day }), tags: [tag({ pulledAt: ofTag * day })] }),
        rules({ remove: [{ name: 'unused', notPulledDays: 30 }] }),
        now,
      ).tags[0];
    for (const decided of [pulls(20, 195), pulls(195, 20)])
      expect([decided?.verdict, decided?.evidence.lastPull, decided?.dueAt]).toEqual(['not-yet', at(195), 225 * day]);
  });

  it.each<[object, Partial<Facts>, string]>([
    [{ untaggedDays: 5 }, {}, `untagged for 5 days (since ${at(0)})`],
    [{ notPulledDays: 5 }, {}, `not pulled for 5 days (no pull is known, pulls are tracked since ${at(0)})`],
    [
      { notPulledDays: 5 },
      { manifest: manifest({ pulledAt: 20 * day }) },
      `not pulled for 5 days (last pull ${at(20)}, pulls are tracked since ${at(0)})`,
    ],
    [{ olderThanDays: 5 }, { tags: [tag({ pushedAt: 20 * day })] }, `older than 5 days (pushed ${at(20)})`],
    [{ beyondNewest: 1 }, { tags: [tag()], newestTags: ['v2', 'v1'] as Tag[] }, 'not among the newest 1'],
    [
      { olderThanDays: 5, semver: '<2.0.0', tags: ['v*', 'w'] },
      { tags: [tag({ name: 'v1.0.0' as Tag })] },
      `older than 5 days (pushed ${at(10)}), a version within <2.0.0, a tag like v* or w`,
    ],
    [
      { olderThanDays: 5, untaggedDays: 6 },
      {},
      `untagged for 6 days (since ${at(0)}), older than 5 days (pushed ${at(10)})`,
    ],
    [{ artifactTypes: ['a', 'b'] }, { manifest: manifest({ types: ['a', 'c'] }), tags: [tag()] }, 'of the type a or c'],
  ])('gives the reason of %j', (rule, given, why) => {
    const judgement = judge(factsOf(given), rules({ remove: [{ name: 'r', ...rule }] }), now);
    expect((judgement.tags[0] ?? judgement.manifest).why).toBe(why);
  });
});
