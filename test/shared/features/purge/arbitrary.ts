import fc from 'fast-check';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import type { Facts, ManifestFacts, TagFacts } from '../../../../shared/features/purge/facts.ts';
import type { Rules } from '../../../../shared/features/purge/judge.ts';
import type { KeepRule, RemoveRule } from '../../../../shared/features/purge/policy.ts';
import { policySchema } from '../../../../shared/features/purge/policy.ts';

const dayMs = 24 * 3600 * 1000;
export const now = 200 * dayMs;
export const digestAt = (n: number): Digest => digestOf(Buffer.from(`manifest ${n}`));

const time = fc.integer({ min: 0, max: 200 }).map((days) => days * dayMs);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const days = fc.integer({ min: 1, max: 120 });
const names = ['latest', 'v1.0.0', 'v1.2.3-rc.1', '2.0', 'feature-a', 'feature-b', 'main'];
const globs = fc.subarray(['latest', 'v*', 'feature-*', '*', 'main'], { minLength: 1 });

/** Without properties that are undefined. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

const removeRule = fc
  .record({
    untaggedDays: maybe(days),
    notPulledDays: maybe(days),
    olderThanDays: maybe(days),
    beyondNewest: maybe(fc.integer({ min: 1, max: 4 })),
    artifactTypes: maybe(fc.constant(['image/*'])),
    semver: maybe(fc.constantFrom('*', '<2.0.0')),
    tags: maybe(globs),
  })
  .map(defined)
  .filter((rule) => Object.keys(rule).length > 0)
  .map((rule) => ({ name: 'r', ...rule }) as RemoveRule);

export const keepRule = fc
  .record({
    tags: maybe(globs),
    newest: maybe(fc.integer({ min: 1, max: 4 })),
    pulledWithinDays: maybe(days),
    labels: maybe(fc.constantFrom({ keep: '*' }, { keep: 'yes' })),
    semver: maybe(fc.constantFrom('*', '>=1.0.0')),
  })
  .map(defined)
  .filter((rule) => Object.keys(rule).length > 0)
  .map((rule): KeepRule => ({ name: 'k', ...rule }));

const named = <T extends { name: string }>(rules: T[]) =>
  rules.map((rule, n) => ({ ...rule, name: `${rule.name}${n}` }));

export const rules: fc.Arbitrary<Rules> = fc
  .record({
    remove: fc.array(removeRule, { minLength: 1, maxLength: 3 }).map(named),
    keep: fc.array(keepRule, { maxLength: 2 }).map(named),
  })
  .map((policy) => policySchema.parse(policy))
  .map((policy) => ({ policy, keep: policy.keep, graceMs: dayMs }));

export const manifestFacts = (n: number): fc.Arbitrary<ManifestFacts> =>
  fc
    .record({
      pushedAt: time,
      heldAt: rarely(time),
      untaggedSince: time,
      types: fc.constantFrom([], ['image/config'], ['sbom']),
      labels: fc.constantFrom<ManifestFacts['labels'][]>(
        [],
        [{ keep: 'yes' }],
        [{ keep: 'no' }, { keep: 'yes' }],
        'unknown',
      ),
      pulledAt: maybe(time),
      locked: rarely(fc.constant('deleteEnabled')),
      inUse: rarely(fc.record({ source: fc.constant('west'), until: time.map((until) => until + 100 * dayMs) })),
    })
    .map((facts) => defined({ digest: digestAt(n), mediaType: 'm', ...facts }) as ManifestFacts);

export const tagFacts: fc.Arbitrary<TagFacts[]> = fc
  .subarray(names)
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map((name) =>
        fc
          .record({ pushedAt: time, pulledAt: maybe(time), locked: rarely(fc.constant('writeEnabled')) })
          .map((facts) => defined({ name: name as Tag, ...facts }) as TagFacts),
      ),
    ),
  );

export const facts: fc.Arbitrary<Facts> = fc
  .record({
    manifest: manifestFacts(0),
    tags: tagFacts,
    along: fc.array(fc.tuple(manifestFacts(1), fc.boolean()), { maxLength: 2 }),
    newest: fc.shuffledSubarray(names),
    trackedSince: maybe(time),
    repositoryLocked: rarely(fc.constant('deleteEnabled')),
  })
  .map(
    ({ along, newest, ...rest }) =>
      defined({
        repository: 'team/app' as RepositoryName,
        ...rest,
        along: along.map(([each, isChild], n) => ({ ...each, digest: digestAt(n + 1), isChild })),
        newestTags: newest as Tag[],
      }) as Facts,
  );
