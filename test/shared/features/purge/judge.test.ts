import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import type { RepositoryName } from '../../../../shared/core/oci/name.ts';
import { keptUntil } from '../../../../shared/features/purge/conditions.ts';
import type { Facts, ManifestFacts, TagFacts } from '../../../../shared/features/purge/facts.ts';
import type { Rules } from '../../../../shared/features/purge/judge.ts';
import { judge } from '../../../../shared/features/purge/judge.ts';
import type { Graph, Node } from '../../../../shared/features/purge/surroundings.ts';
import { surroundingsOf } from '../../../../shared/features/purge/surroundings.ts';
import { digestAt, facts, keepRule, manifestFacts, now, rules, tagFacts } from './arbitrary.ts';

const dayMs = 24 * 3600 * 1000;

/** Says whether a rule keeps this tag, or the manifest where there is none. */
function isKept(
  judged: Facts,
  { policy: { retentionDays }, keep, graceMs }: Rules,
  tag: TagFacts | undefined,
): boolean {
  const { manifest, along } = judged;
  const parts = [manifest, ...along];
  const pulls = [
    tag?.pulledAt,
    manifest.pulledAt,
    ...along.filter(({ isChild }) => isChild).map(({ pulledAt }) => pulledAt),
  ].filter((pull) => pull !== undefined);
  const pulledAt = pulls.length === 0 ? {} : { pulledAt: Math.max(...pulls) };
  return (
    judged.repositoryLocked !== undefined ||
    tag?.locked !== undefined ||
    parts.some(({ locked, inUse }) => locked !== undefined || (inUse !== undefined && inUse.until > now)) ||
    keep.some(
      (rule) => keptUntil(rule, { facts: judged, manifest, ...pulledAt, ...(tag === undefined ? {} : { tag }) }) > now,
    ) ||
    parts.some((part) => part.pushedAt + graceMs > now) ||
    (manifest.heldAt !== undefined && manifest.heldAt + retentionDays * dayMs > now)
  );
}

describe('with any facts and rules', () => {
  it('a manifest or tag that anything keeps is not due', () => {
    let due = 0;
    fc.assert(
      fc.property(facts, rules, (given, by) => {
        const { tags, manifest } = judge(given, by, now);
        for (const [index, { verdict }] of tags.entries()) {
          due += verdict === 'due' ? 1 : 0;
          if (verdict === 'due') expect(isKept(given, by, given.tags[index])).toBe(false);
        }
        if (manifest.verdict !== 'due') return;
        due += 1;
        expect(tags.every(({ verdict }) => verdict === 'due')).toBe(true);
        if (tags.length === 0) expect(isKept(given, by, undefined)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
    expect(due).toBeGreaterThan(200);
  });

  it('one more rule to keep makes nothing due, nor due earlier', () => {
    fc.assert(
      fc.property(facts, rules, keepRule, (given, by, more) => {
        const [before, after] = [judge(given, by, now), judge(given, { ...by, keep: [...by.keep, more] }, now)];
        if (after.manifest.verdict === 'due') expect(before.manifest.verdict).toBe('due');
        for (const [index, { verdict, dueAt = Infinity }] of after.tags.entries()) {
          if (verdict === 'due') expect(before.tags[index]?.verdict).toBe('due');
          expect(dueAt).toBeGreaterThanOrEqual(before.tags[index]?.dueAt ?? -Infinity);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('a manifest or tag is due exactly from the announced time, and is judged then', () => {
    let waited = 0;
    fc.assert(
      fc.property(facts, rules, (given, by) => {
        const { tags, recheckAt } = judge(given, by, now);
        for (const [index, { verdict, rule, dueAt }] of tags.entries()) {
          if (verdict === 'due' || rule === 'locked' || dueAt === undefined) continue;
          waited += 1;
          expect(recheckAt).toBeLessThanOrEqual(dueAt);
          expect(judge(given, by, dueAt).tags[index]?.verdict).toBe('due');
          expect(judge(given, by, dueAt - 1).tags[index]?.verdict).not.toBe('due');
        }
      }),
      { numRuns: 1_500 },
    );
    expect(waited).toBeGreaterThan(100);
  });

  it('a rule on last pull removes nothing before pulls have been tracked for as many days as it needs', () => {
    fc.assert(
      fc.property(
        facts,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 299 }),
        rules,
        (given, notPulledDays, tracked, by) => {
          fc.pre(tracked < notPulledDays);
          const only: Rules = { ...by, policy: { ...by.policy, remove: [{ name: 'unused', notPulledDays }] } };
          const judgement = judge({ ...given, trackedSince: now - tracked * dayMs }, only, now);
          expect([judgement.manifest, ...judgement.tags].map(({ verdict }) => verdict)).not.toContain('due');
        },
      ),
    );
  });
});

interface Vertex extends Node {
  readonly facts: ManifestFacts;
  readonly tags: readonly TagFacts[];
}

/** Edges lead to lower numbers only, as digests do: nothing names what is made later. */
const vertices = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, n) =>
      fc
        .record({
          facts: manifestFacts(n),
          tags: fc.oneof(fc.constant([]), tagFacts),
          children: fc.uniqueArray(fc.nat({ max: Math.max(n - 1, 0) }), { maxLength: 2 }),
          subject: fc.option(fc.nat({ max: Math.max(n - 1, 0) }), { nil: undefined, freq: 2 }),
        })
        .map(({ children, subject, ...rest }): Vertex => ({
          ...rest,
          digest: digestAt(n),
          children: n === 0 ? [] : children.map(digestAt),
          ...(subject === undefined || n === 0 ? {} : { subject: digestAt(subject) }),
        })),
    ),
  ),
);

function graphOf(live: ReadonlyMap<Digest, Vertex>): Graph<Vertex> {
  const all = [...live.values()];
  return {
    manifest: (digest) => Promise.resolve(live.get(digest)),
    tagsOf: (digest) => Promise.resolve((live.get(digest)?.tags ?? []).map(() => undefined)),
    listedBy: (digest) =>
      Promise.resolve(all.filter(({ children }) => children.includes(digest)).map((each) => each.digest)),
    referrersOf: (digest) => Promise.resolve(all.filter(({ subject }) => subject === digest)),
  };
}

describe('in any graph of indexes, children and referrers', () => {
  it('a manifest that is reachable from a kept one is never removed, nor is one that a rule keeps', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(vertices, rules, async (made, by) => {
        const eager: Rules = {
          ...by,
          policy: { ...by.policy, remove: [...by.policy.remove, { name: 'all', olderThanDays: 1 }] },
        };
        const live = new Map<Digest, Vertex>(made.map((each) => [each.digest, each]));
        for (const vertex of made.toReversed()) {
          if (!live.has(vertex.digest)) continue;
          const { keeper, along } = await surroundingsOf(graphOf(live), vertex);
          const given: Facts = {
            repository: 'team/app' as RepositoryName,
            manifest: vertex.facts,
            tags: vertex.tags,
            along: along.map((each) => ({ ...each.facts, isChild: each.isChild })),
            newestTags: [],
            trackedSince: 0,
            ...(keeper === undefined ? {} : { keeper }),
          };
          if (judge(given, eager, now).manifest.verdict !== 'due') continue;
          expect(along.filter(({ tags }) => tags.length > 0)).toEqual([]);
          for (const each of [vertex, ...along]) {
            taken += 1;
            expect(each.facts.locked).toBeUndefined();
            expect(each.facts.inUse?.until ?? 0).toBeLessThanOrEqual(now);
            live.delete(each.digest);
          }
          for (const kept of live.values()) {
            expect(kept.children.filter((child) => !live.has(child))).toEqual([]);
          }
          for (const gone of [vertex, ...along])
            expect(gone.subject !== undefined && live.has(gone.subject)).toBe(false);
        }
      }),
      { numRuns: 1_500 },
    );
    expect(taken).toBeGreaterThan(300);
  });
});
