import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  globMatches,
  isRepositoryGlob,
  isTagGlob,
  repositoryGlobSchema,
  tagGlobSchema,
} from '../../../../shared/core/rules/pattern.ts';

/** The same as a regular expression, which may take for ever and is short enough here. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern.match(/(?<=^|\/)\*\*\/|\*{2,}|[^]/g) ?? [];
  const asExpression = (part: string) => {
    if (part === '**/') return '(?:[^/]*/)*';
    if (part === '*') return '[^/]*';
    return part.startsWith('**') ? '[^]*' : part.replace(/[.]/, '\\.');
  };
  return new RegExp(`^${parts.map(asExpression).join('')}$`);
}

describe('a pattern of names', () => {
  it.each([
    ['team/app', ['team/app'], ['team/apps', 'team', 'xteam/app', '']],
    ['*', ['team', ''], ['team/app', '/']],
    ['**', ['team', 'team/app', ''], []],
    ['team/*', ['team/app', 'team/'], ['team/app/x', 'team', 'teams/app']],
    ['team/**', ['team/app', 'team/app/x', 'team/'], ['team', 'teams/x']],
    ['**/app', ['app', 'team/app', 'a/b/app'], ['xapp', 'team/xapp', 'app/x']],
    ['team/**/app', ['team/app', 'team/x/app', 'team/x/y/app'], ['teamapp', 'team/xapp', 'app']],
    ['team**', ['team', 'teams', 'team/app'], ['tea']],
    ['a**/b', ['a/b', 'ax/b', 'a/x/b'], ['ab', 'xb']],
    ['v1.*', ['v1.', 'v1.2', 'v1.2.3'], ['v1', 'v2.1', 'v1.2/3', 'v1x2']],
    ['*-rc*', ['1-rc', '1-rc.2', '-rc'], ['1-r', '1rc']],
    ['*a*b*', ['ab', 'xaxbx', 'aab'], ['ba', 'a', 'b']],
    ['***', ['a', 'a/b', ''], []],
  ])('%s is of %j, and not of %j', (pattern, of, notOf) => {
    for (const name of of) expect(globMatches(pattern, name), name).toBe(true);
    for (const name of notOf) expect(globMatches(pattern, name), name).toBe(false);
  });

  it('says of any name what its regular expression says', () => {
    const text = (letters: string) =>
      fc.array(fc.constantFrom(...Array.from(letters)), { maxLength: 7 }).map((each) => each.join(''));
    let matched = 0;
    fc.assert(
      fc.property(text('ab/***.'), text('ab/.'), (pattern, name) => {
        const wanted = expressionOf(pattern).test(name);
        matched += wanted ? 1 : 0;
        expect(globMatches(pattern, name)).toBe(wanted);
      }),
      { numRuns: 5_000 },
    );
    expect(matched).toBeGreaterThan(200);
  });

  it('is one where letters in place of its stars make a name', () => {
    expect(['team/*', '**', 'a*/b', 'team'].map(isRepositoryGlob)).toEqual([true, true, true, true]);
    expect(['Team/*', '/x', 'a//b', '', 'a b'].map(isRepositoryGlob)).toEqual([false, false, false, false, false]);
    expect(['v1.*', '*', 'latest', 'A_b-c'].map(isTagGlob)).toEqual([true, true, true, true]);
    expect(['.x', 'a/b', '', 'a:b'].map(isTagGlob)).toEqual([false, false, false, false]);
  });

  it('is refused with what is allowed, and bounded', () => {
    expect(repositoryGlobSchema.safeParse('Team').error?.issues[0]?.message).toBe(
      'is not a repository name or a pattern such as team/**, where * stands for anything but a slash and ** for anything',
    );
    expect(tagGlobSchema.safeParse('a/b').error?.issues[0]?.message).toBe(
      'is not a tag or a pattern such as v1.*, where * stands for anything but a slash and ** for anything',
    );
    expect(repositoryGlobSchema.safeParse('*'.repeat(255)).success).toBe(true);
    expect(repositoryGlobSchema.safeParse('*'.repeat(301)).success).toBe(false);
    expect([
      tagGlobSchema.safeParse('*'.repeat(128)).success,
      tagGlobSchema.safeParse('*'.repeat(129)).success,
    ]).toEqual([true, false]);
  });
});
