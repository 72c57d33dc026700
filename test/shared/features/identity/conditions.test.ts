import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches } from '../../../../shared/core/rules/pattern.ts';
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
  it('is a name, or one with stars in it', () => {
    const patterns = [
      '*',
      'a*',
      'team/*',
      'team/a*',
      'team',
      'team-*',
      'team.*',
      'team__*',
      '**',
      'te*am',
      '*a',
      'a**',
      '*/app',
    ];
    expect(patterns.filter((each) => !isRepositoryPattern(each))).toEqual([]);
    expect(['', 'Team*', 'team//*', '/*', '-*', 'a b*', '*/*/*/*/*/app'].filter(isRepositoryPattern)).toEqual([]);
    expect(isRepositoryPattern(`${'a'.repeat(255)}*`)).toBe(true);
    expect([patternSchema.safeParse('team/*').success, patternSchema.safeParse(7).success]).toEqual([true, false]);
    expect(patternSchema.safeParse('Team/*').error?.issues[0]?.message).toBe(
      'is not a repository name, nor a pattern such as team/** or team/*/app: * stands for anything but a slash, ** for ' +
        'anything, and a * at the end for the same as **; at most 4 stars may stand before the end',
    );
  });

  it('means with a star at its end what two mean, and elsewhere what a pattern means everywhere', () => {
    const matches = (pattern: string, name: string) => matchesPattern(pattern as RepositoryPattern, name);
    const names = ['app', 'team', 'team/', 'team/app', 'team/x/app', 'team/x/y/app', 'team/x/app/z', 'teams/app'];
    for (const [ofScopeMap, ofAll] of [
      ['team/*', 'team/**'],
      ['team*', 'team**'],
      ['*', '**'],
      ['team/*/app*', 'team/*/app**'],
      ['team/**', 'team/**'],
      ['team/*/app', 'team/*/app'],
      ['**/app', '**/app'],
      ['*/app', '*/app'],
    ] as const)
      for (const name of names)
        expect(matches(ofScopeMap, name), `${ofScopeMap} and ${name}`).toBe(globMatches(ofAll, name));
    expect(names.filter((name) => matches('team/*/app', name))).toEqual(['team/x/app']);
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
