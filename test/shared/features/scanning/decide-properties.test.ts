import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noCounts, severities, totalOf } from '../../../../shared/features/scanning/findings.ts';
import type { ScanException } from '../../../../shared/features/scanning/policy.ts';
import { day, decided, exception, policy, resultOf, vex } from './judged.ts';

describe('a decision about any findings', () => {
  const days = fc.integer({ min: -20, max: 20 });
  const findings = fc.array(
    fc.record(
      {
        id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-3'),
        package: fc.constantFrom('openssl', 'zlib', 'curl'),
        version: fc.constantFrom('1', '2'),
        severity: fc.constantFrom(...severities),
        cvss: fc.integer({ min: 0, max: 10 }),
        fixedIn: fc.constantFrom('3', '4'),
        fixedSince: days.map((at) => day(at).toISOString()),
        links: fc.constant<string[]>([]),
      },
      { requiredKeys: ['id', 'package', 'version', 'severity', 'links'] },
    ),
    { maxLength: 12 },
  );
  const policies = fc.array(
    fc
      .record({
        mode: fc.constantFrom('off', 'audit', 'enforce'),
        severity: fc.constantFrom(...severities),
        onlyFixable: fc.boolean(),
        fixableForDays: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        cvss: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
        graceHours: fc.integer({ min: 0, max: 240 }),
        maxAgeDays: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      })
      .map(({ mode, graceHours, maxAgeDays, ...block }) => policy({ mode, graceHours, maxAgeDays, block })),
    { maxLength: 3 },
  );
  const exceptions = fc.uniqueArray(
    fc
      .record({
        vulnerability: fc.constantFrom('CVE-1', 'cve-2', 'CVE-3'),
        package: fc.constantFrom(undefined, 'openssl', 'z*', '**'),
        expiresAt: days.map((at) => day(at).toISOString()),
        id: fc.constantFrom('a', 'b', 'c', 'd'),
      })
      .map(({ id, ...more }) => ({ ...exception(more), id })),
    { maxLength: 4, selector: ({ id }) => id },
  );
  const authors = fc.array(
    fc
      .tuple(
        fc.constantFrom('a', 'b'),
        fc.constantFrom('affected', 'not_affected', 'fixed', 'under_investigation'),
        fc.constantFrom('CVE-1', 'CVE-2'),
      )
      .map((parts) => vex(...parts)),
    { maxLength: 2 },
  );
  const times = fc.record({
    now: fc.constant(day(0)),
    scannedAt: fc.option(fc.integer({ min: -20, max: 0 }).map(day), { nil: undefined }),
    passedOnceAt: fc.constantFrom(undefined, day(-15)),
  });
  const all = fc.tuple(findings, policies, exceptions, authors, times);
  const timesOf = ({
    now,
    scannedAt,
    passedOnceAt,
  }: {
    now: Date;
    scannedAt: Date | undefined;
    passedOnceAt: Date | undefined;
  }) => ({
    now,
    ...(scannedAt === undefined ? {} : { scannedAt }),
    ...(passedOnceAt === undefined ? {} : { passedOnceAt }),
  });
  const strictness = { open: 0, warn: 1, closed: 2 };

  it('is never stricter with one exception more', () => {
    fc.assert(
      fc.property(all, exceptions, ([found, rules, excepted, said, at], more) => {
        const of = (list: ScanException[]) =>
          decided(resultOf(...found), { policies: rules, exceptions: list, vex: said }, timesOf(at));
        const [before, after] = [of(excepted), of([...excepted, ...more])];
        expect(strictness[after.effect]).toBeLessThanOrEqual(strictness[before.effect]);
        expect(totalOf(after.counts)).toBeLessThanOrEqual(totalOf(before.counts));
      }),
      { numRuns: 400 },
    );
  });

  it('is the same in any order of findings, policies and exceptions', () => {
    fc.assert(
      fc.property(all, ([found, rules, excepted, said, at]) => {
        const named = rules.map((each, index) => ({ ...each, name: `p${index}` }));
        const result = resultOf(...found);
        const turned = { ...resultOf(...found.toReversed()) };
        const again = { ...turned, findings: turned.findings.toReversed() };
        expect(
          decided(again, { policies: named.toReversed(), exceptions: excepted.toReversed(), vex: said }, timesOf(at)),
        ).toEqual(decided(result, { policies: named, exceptions: excepted, vex: said }, timesOf(at)));
      }),
      { numRuns: 300 },
    );
  });

  it('stays until the next change that it names', () => {
    fc.assert(
      fc.property(
        all,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        ([found, rules, excepted, said, at], part) => {
          const of = (now: Date, failingSince?: string) =>
            decided(
              resultOf(...found),
              { policies: rules, exceptions: excepted, vex: said },
              { ...timesOf(at), now, ...(failingSince === undefined ? {} : { failingSince: new Date(failingSince) }) },
            );
          const first = of(at.now);
          const end = first.nextChangeAt === undefined ? day(400).getTime() : Date.parse(first.nextChangeAt);
          expect(end).toBeGreaterThan(at.now.getTime());
          const between = new Date(at.now.getTime() + Math.floor((end - at.now.getTime()) * part));
          const { notes: _, ...same } = of(between, first.failingSince);
          expect(same).toEqual((({ notes: __, ...rest }) => rest)(first));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is open with no findings, no age and no policy that holds', () => {
    expect(decided({ ...resultOf(), counts: noCounts() })).toMatchObject({
      state: 'passed',
      effect: 'open',
      reasons: [],
    });
  });
});
