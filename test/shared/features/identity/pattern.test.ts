import { describe, expect, it } from 'vitest';
import type { RepositoryPattern } from '../../../../shared/features/identity/pattern.ts';
import { isRepositoryPattern, matchesPattern } from '../../../../shared/features/identity/pattern.ts';

const matches = (pattern: string, names: readonly string[]) =>
  names.filter((name) => matchesPattern(pattern as RepositoryPattern, name));

describe('a pattern of repositories', () => {
  it.each([
    '*',
    '**',
    'team/app',
    'team/*',
    'team/**',
    'team*',
    'team/***',
    '*/app',
    '**/app',
    'team/*/app',
    'team/**/app',
    'a*b*c*d*e',
    'a**b**c**d**e',
    'a*b*c*d*e*',
    'a*b*c*d*e**',
    `${'a'.repeat(255)}*`,
    `${'a'.repeat(255)}**`,
  ])('may be %s', (text) => {
    expect(isRepositoryPattern(text)).toBe(true);
  });

  it.each(['', 'Team/*', 'team//app', '/team/*', 'a*b*c*d*e*f', 'a**b**c**d**e**f', `${'a'.repeat(256)}*`, 'team/?pp'])(
    'may not be "%s"',
    (text) => {
      expect(isRepositoryPattern(text)).toBe(false);
    },
  );

  it('without a star is one name', () => {
    expect(matches('team/app', ['team/app', 'team/app2', 'team', 'team/app/x'])).toEqual(['team/app']);
  });

  it.each(['team/*', 'team/**'])('that ends with a star, as %s, is all that begins so', (pattern) => {
    expect(matches(pattern, ['team/app', 'team/app/deep', 'team', 'teams/app', 'x/team/app'])).toEqual([
      'team/app',
      'team/app/deep',
    ]);
  });

  it.each(['*', '**'])('that is %s alone is every repository', (pattern) => {
    expect(matches(pattern, ['a', 'team/app/deep'])).toEqual(['a', 'team/app/deep']);
  });

  it('may have its star behind one letter', () => {
    expect(matches('t*', ['team/app', 't', 'x/t'])).toEqual(['team/app', 't']);
    expect(matches('t*/app', ['team/app', 't/x/app'])).toEqual(['team/app']);
  });

  it('has a star inside for one level, and two for any', () => {
    const names = ['team/x/app', 'team/x/y/app', 'team/app', 'team/x/app/more', 'team/x/apps'];
    expect(matches('team/*/app', names)).toEqual(['team/x/app']);
    expect(matches('team/**/app', names)).toEqual(['team/x/app', 'team/x/y/app', 'team/app']);
  });

  it.each(['team/*/app*', 'team/*/app**'])('with stars inside and at the end, as %s, is all below', (pattern) => {
    expect(matches(pattern, ['team/x/app', 'team/x/app/deep/er', 'team/x/apps', 'team/x/y/app', 'team/app'])).toEqual([
      'team/x/app',
      'team/x/app/deep/er',
      'team/x/apps',
    ]);
  });

  it('with two stars first has only a star at its end mean two', () => {
    expect(matches('**/app', ['team/app', 'a/b/app', 'app', 'team/app/x'])).toEqual(['team/app', 'a/b/app', 'app']);
    expect(matches('**/app*', ['team/app/x/y', 'team/apps', 'team/ap'])).toEqual(['team/app/x/y', 'team/apps']);
  });
});
