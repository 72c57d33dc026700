import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { satisfies } from '../../../../shared/features/identity/issuers/conditions.ts';
import type { RepositoryPattern } from '../../../../shared/features/identity/pattern.ts';
import { isRepositoryPattern, matchesPattern, patternSchema } from '../../../../shared/features/identity/pattern.ts';

const holds = (is: string, value: unknown) => satisfies({ claim: value }, [{ claim: 'claim', is }]);

describe('the conditions on an outside token', () => {
  it('of any text say what a regular expression says', () => {
    const text = (letters: string) =>
      fc.array(fc.constantFrom(...Array.from(letters)), { maxLength: 7 }).map((each) => each.join(''));
    let matched = 0;
    fc.assert(
      fc.property(text('ab*:*'), text('ab:'), (is, value) => {
        const wanted = new RegExp(`^${is.replaceAll('*', '[^]*')}$`).test(value);
        matched += wanted ? 1 : 0;
        expect(holds(is, value)).toBe(wanted);
      }),
      { numRuns: 3_000 },
    );
    expect(matched).toBeGreaterThan(100);
  });

  it.each([
    ['ab', 'ab', true],
    ['ab', 'abc', false],
    ['ab', 'xab', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*b', 'ab', false],
    ['a*b*b', 'abb', true],
    ['a*bc*c', 'abc', false],
    ['12', 12, true],
    ['12', 123, false],
    ['*', 12, false],
    ['false', false, true],
    ['true', false, false],
    ['null', null, false],
    ['*', null, false],
    ['*', ['x'], true],
    ['*', [], false],
    ['1', [2, 1], true],
    ['x*', ['y', 'xz'], true],
  ])('%j holds of %j: %s', (is, value, expected) => {
    expect(holds(is, value)).toBe(expected);
  });

  it('must all hold, and none is no condition', () => {
    const claims = { sub: 'repo:a', ref: 'main' };
    expect(
      satisfies(claims, [
        { claim: 'sub', is: 'repo:*' },
        { claim: 'ref', is: 'main' },
      ]),
    ).toBe(true);
    expect(
      satisfies(claims, [
        { claim: 'sub', is: 'repo:*' },
        { claim: 'ref', is: 'dev' },
      ]),
    ).toBe(false);
    expect(
      satisfies(claims, [
        { claim: 'ref', is: 'dev' },
        { claim: 'sub', is: 'repo:*' },
      ]),
    ).toBe(false);
    expect(satisfies(claims, [])).toBe(true);
    expect(satisfies({}, [{ claim: 'toString', is: '*' }])).toBe(false);
  });
});

describe('a pattern of repositories', () => {
  it('is a name, or its beginning and one star at the end', () => {
    expect(['*', 'a*', 'team/*', 'team/a*', 'team', 'team-*', 'team.*', 'team__*'].map(isRepositoryPattern)).toEqual(
      Array(8).fill(true),
    );
    expect(['', '**', 'te*am', '*a', 'Team*', 'team//*', '/*', '-*', 'a**'].map(isRepositoryPattern)).toEqual(
      Array(9).fill(false),
    );
    expect([patternSchema.safeParse('team/*').success, patternSchema.safeParse(7).success]).toEqual([true, false]);
    expect(patternSchema.safeParse('**').error?.issues[0]?.message).toBe(
      'is not a repository name, nor the beginning of one with a * at its end',
    );
  });

  it('matches the names that begin so, or that name alone', () => {
    const matches = (pattern: string, name: string) => matchesPattern(pattern as RepositoryPattern, name);
    expect([
      matches('team/*', 'team/app'),
      matches('team/*', 'team/'),
      matches('team/*', 'team'),
      matches('*', 'x'),
    ]).toEqual([true, true, false, true]);
    expect([matches('team', 'team'), matches('team', 'team/app'), matches('team/app', 'team')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
