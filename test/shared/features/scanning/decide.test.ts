import { describe, expect, it } from 'vitest';
import type { ScanRules } from '../../../../shared/features/scanning/decide.ts';
import type { Finding } from '../../../../shared/features/scanning/findings.ts';
import { totalOf } from '../../../../shared/features/scanning/findings.ts';
import { withFixTimes } from '../../../../shared/features/scanning/fix-times.ts';
import type { ScanPolicy } from '../../../../shared/features/scanning/policy.ts';
import { exceptionSchema } from '../../../../shared/features/scanning/policy.ts';
import { day, decided, exception, finding, policy, resultOf, vex } from './judged.ts';

describe('a finding', () => {
  it('blocks with a reason that names it, its package and its fix', () => {
    const decision = decided(
      resultOf(finding({ fixedIn: '3.0.15-1', cvss: 7.5 }), finding({ id: 'CVE-2', severity: 'low' })),
    );
    expect(decision).toMatchObject({ state: 'failed', effect: 'closed', severity: 'high' });
    expect(decision.reasons).toEqual([
      'The policy "production" blocks findings of severity high or worse: 1 finding blocks, 1 of them with a fix.',
      'CVE-1 (high, CVSS 7.5) in openssl 3.0.11-1 is fixed in 3.0.15-1.',
    ]);
    expect(decision).not.toHaveProperty('nextChangeAt');
  });

  it.each<[object, Partial<Finding>, string]>([
    [{ severity: 'critical' }, {}, 'passed'],
    [{ severity: 'unknown' }, { severity: 'unknown' }, 'failed'],
    [{ severity: 'high', onlyFixable: true }, {}, 'passed'],
    [{ severity: 'high', onlyFixable: true }, { fixedIn: '2' }, 'failed'],
    [{ severity: 'high', cvss: 8 }, { cvss: 7.9 }, 'passed'],
    [{ severity: 'high', cvss: 8 }, { cvss: 8 }, 'failed'],
    [{ severity: 'high', cvss: 8 }, {}, 'failed'],
    [{ severity: 'high', fixableForDays: 7 }, {}, 'passed'],
    [{ severity: 'high', fixableForDays: 7 }, { fixedIn: '2' }, 'failed'],
    [{ severity: 'high', fixableForDays: 7 }, { fixedIn: '2', fixedSince: day(-6).toISOString() }, 'passed'],
    [{ severity: 'high', fixableForDays: 7 }, { fixedIn: '2', fixedSince: day(-7).toISOString() }, 'failed'],
  ])('by %j and with %j has %s', (block, more, state) => {
    expect(decided(resultOf(finding(more)), { policies: [policy({ block })] }).state).toBe(state);
  });

  it('is judged again when its fix has been there for long enough', () => {
    const rules = { policies: [policy({ block: { severity: 'high', fixableForDays: 7 } })] };
    const seen = withFixTimes(resultOf(finding({ fixedIn: '2' })), undefined, day(0));
    const rescanned = withFixTimes(resultOf(finding({ fixedIn: '2' })), seen, day(5));
    expect(decided(rescanned, rules, { now: day(5) })).toMatchObject({
      state: 'passed',
      nextChangeAt: day(7).toISOString(),
    });
    expect(decided(rescanned, rules, { now: day(7) }).state).toBe('failed');
  });

  it('without a row blocks too, because no exception can be seen to apply to it', () => {
    const many = Array.from({ length: 1_500 }, (_, at) => finding({ package: `p${at}` }));
    const decision = decided(resultOf(...many), { exceptions: [exception()] });
    expect(decision).toMatchObject({ state: 'failed', exceptions: [{ id: 'one', findings: 1_000 }] });
    expect(decision.counts.high).toEqual({ withFix: 0, withoutFix: 500 });
    expect(decision.reasons[0]).toMatch(/500 are only counted/);
  });

  it('hides nothing and turns nothing around in the reasons, and fills at most ten', () => {
    const many = Array.from({ length: 40 }, (_, at) =>
      finding({ id: `CVE-${at}`, package: `a\u202e\u200b${'x'.repeat(400)}` }),
    );
    const { reasons } = decided(resultOf(...many));
    expect(reasons).toHaveLength(10);
    expect(reasons.at(-1)).toBe('32 further findings block it.');
    for (const reason of reasons) {
      expect(reason).toMatch(/^[\u0020-\u007e…]+\.$/);
      expect(reason.length).toBeLessThan(500);
    }
  });
});

describe('the rules that cover an image', () => {
  it('close the gate when they enforce, warn when they audit, and are nothing when they are off', () => {
    const of = (...policies: ScanPolicy[]) => decided(resultOf(finding()), { policies });
    expect(of(policy())).toMatchObject({ state: 'failed', effect: 'closed' });
    expect(of(policy({ mode: 'audit' }))).toMatchObject({ state: 'failed', effect: 'warn' });
    expect(of(policy({ mode: 'off' }))).toMatchObject({ state: 'passed', effect: 'open' });
    expect(of(policy({ mode: 'audit' }), policy({ name: 'b' })).failedBy).toEqual([
      { policy: 'b', mode: 'enforce' },
      { policy: 'production', mode: 'audit' },
    ]);
    expect(of(policy({ repositories: { include: ['other/**'] } })).effect).toBe('open');
    expect(of(policy({ repositories: { exclude: ['team/*'] } })).effect).toBe('open');
  });

  it('let pass or hold what no scanner can scan', () => {
    expect(decided('unscannable')).toMatchObject({ state: 'unscannable', effect: 'open', reasons: [] });
    expect(decided('unscannable', { policies: [policy({ unscannable: 'hold' })] })).toMatchObject({
      state: 'unscannable',
      effect: 'closed',
      reasons: ['The policy "production" holds images that no scanner can scan.'],
    });
  });

  it('fail a scan that is too old', () => {
    const rules = { policies: [policy({ maxAgeDays: 30 })] };
    const times = { scannedAt: day(0) };
    expect(decided(resultOf(), rules, { ...times, now: day(29) })).toMatchObject({
      state: 'passed',
      nextChangeAt: day(30).toISOString(),
    });
    expect(decided(resultOf(), rules, { ...times, now: day(30) }).reasons).toEqual([
      'The policy "production" allows a scan to be 30 days old, and the last one has been older since 2026-01-31.',
    ]);
  });
});

describe('an exception', () => {
  it('takes a finding away until it expires; then the gate closes again, after its grace', () => {
    const rules = { policies: [policy({ graceHours: 3 * 24 })], exceptions: [exception()] };
    const result = resultOf(finding());
    const open = decided(result, rules);
    expect(open).toMatchObject({
      state: 'passed',
      effect: 'open',
      exceptions: [{ id: 'one', vulnerability: 'CVE-1', expiresAt: day(10).toISOString(), findings: 1 }],
      nextChangeAt: day(10).toISOString(),
    });
    expect(totalOf(open.counts)).toBe(0);
    const times = { now: day(10), passedOnceAt: day(0) };
    const graced = decided(result, rules, times);
    expect(graced).toMatchObject({
      state: 'failed',
      effect: 'warn',
      failingSince: day(10).toISOString(),
      graceUntil: day(13).toISOString(),
      nextChangeAt: day(13).toISOString(),
    });
    expect(graced.notes).toContain(`The exception "one" for CVE-1 ended at ${day(10).toISOString()}.`);
    const closed = decided(result, rules, { ...times, now: day(13), failingSince: day(10) });
    expect(closed).toMatchObject({ state: 'failed', effect: 'closed', failingSince: day(10).toISOString() });
    expect(closed).not.toHaveProperty('graceUntil');
  });

  it.each<[object, Partial<Finding>, boolean]>([
    [{ vulnerability: 'cve-1' }, {}, true],
    [{ vulnerability: 'CVE-11' }, {}, false],
    [{}, { id: 'GHSA-1', aliases: ['CVE-1'] }, true],
    [{ package: 'open*' }, {}, true],
    [{ package: 'ssl' }, {}, false],
    [{ package: 'pkg:deb/debian/openssl' }, { purl: 'pkg:deb/debian/openssl@3?arch=amd64' }, true],
    [{ package: 'pkg:deb/**' }, { purl: 'pkg:deb/debian/openssl@3?arch=amd64' }, true],
    [{ package: 'pkg:npm/**' }, { purl: 'pkg:deb/debian/openssl@3?arch=amd64' }, false],
    [{ package: 'pkg:deb/**' }, {}, false],
    [{ repositories: { include: ['team/**'] } }, {}, true],
    [{ repositories: { include: ['other/**'] } }, {}, false],
    [{ expiresAt: day(0).toISOString() }, {}, false],
  ])('of %j for %j applies: %s', (more, of, applies) => {
    expect(decided(resultOf(finding(of)), { exceptions: [exception(more)] }).state).toBe(applies ? 'passed' : 'failed');
  });

  it('needs an owner, a reason and an end of its own', () => {
    const { id: _, ...whole } = exception();
    for (const name of ['owner', 'reason', 'expiresAt', 'vulnerability'] as const)
      expect(exceptionSchema.safeParse({ ...whole, [name]: undefined }).success).toBe(false);
    expect(exceptionSchema.safeParse({ ...whole, reason: '  ' }).success).toBe(false);
    expect(exceptionSchema.safeParse({ ...whole, more: 1 }).success).toBe(false);
  });
});

describe('the precedence', () => {
  const result = resultOf(finding());
  const stateOf = (rules: Partial<ScanRules>) => decided(result, rules).state;

  it('is exceptions, then the authors in their order, then the scanner', () => {
    expect(stateOf({ vex: [vex('a', 'not_affected')] })).toBe('passed');
    expect(stateOf({ vex: [vex('a', 'fixed')] })).toBe('passed');
    expect(stateOf({ vex: [vex('a', 'affected'), vex('b', 'not_affected')] })).toBe('failed');
    expect(stateOf({ vex: [vex('a', 'under_investigation'), vex('b', 'not_affected')] })).toBe('failed');
    expect(stateOf({ vex: [vex('a', 'not_affected'), vex('b', 'affected')] })).toBe('passed');
    expect(stateOf({ vex: [vex('a', 'affected', 'CVE-2'), vex('b', 'not_affected')] })).toBe('passed');
    expect(stateOf({ vex: [vex('a', 'affected')], exceptions: [exception()] })).toBe('passed');
    expect(decided(result, { vex: [vex('a', 'not_affected')], exceptions: [exception()] })).toMatchObject({
      exceptions: [{ id: 'one' }],
      vex: [],
    });
    expect(decided(result, { vex: [vex('a', 'not_affected')] }).vex).toEqual([
      {
        vulnerability: 'CVE-1',
        author: 'a',
        document: 'https://vex.example/1',
        justification: 'component_not_present',
      },
    ]);
  });
});

describe('a grace', () => {
  const rules = { policies: [policy({ graceHours: 5 * 24 })] };

  it('is for what passed once alone, and counts from when it began to fail', () => {
    const result = resultOf(finding());
    expect(decided(result, rules).effect).toBe('closed');
    expect(decided(result, rules, { passedOnceAt: day(-400) })).toMatchObject({
      effect: 'warn',
      graceUntil: day(5).toISOString(),
    });
    const failingSince = day(-5);
    expect(decided(result, rules, { passedOnceAt: day(-400), failingSince }).effect).toBe('closed');
  });

  it('ends with the first policy whose grace ends', () => {
    const policies = [policy({ graceHours: 5 * 24 }), policy({ name: 'b', graceHours: 2 * 24 })];
    const times = { passedOnceAt: day(-1) };
    expect(decided(resultOf(finding()), { policies }, times).graceUntil).toBe(day(2).toISOString());
    const strict = [...policies, policy({ name: 'c' })];
    expect(decided(resultOf(finding()), { policies: strict }, times).effect).toBe('closed');
  });
});
