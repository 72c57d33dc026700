import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionFault, linearExpression } from '../../../../../shared/features/trust/sigstore/linear-expression.ts';

/** Expressions of a few letters, in which the parts meet. */
const { expression } = fc.letrec<{ expression: string; part: string; atom: string }>((tie) => ({
  expression: fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
  part: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '*?', '{2}', '{1,}', '{0,2}'))
    .map(([atom, times]) => atom + times),
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '[a-c/]', '\\.', '\\w', '\\D', '\\/', '[]x]', '[a-]'),
    fc.tuple(tie('expression'), tie('expression')).map(([one, other]) => `(${one}|${other})`),
    tie('expression').map((inner) => `(?:${inner})`),
  ),
}));

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '/', '1', '-', 'x', ']'), maxLength: 8 });

/** JavaScript reads a bracket that comes first in a class as its end. */
const inJavaScript = (source: string) => new RegExp(`^(?:${source.replaceAll('[]x]', '[\\]x]')})$`, 'u');

describe('a linear expression', () => {
  it('matches whole texts as JavaScript does', () => {
    fc.assert(
      fc.property(expression, text, (source, each) => {
        const escaped = source.replaceAll('[a-]', '[a\\-]');
        fc.pre(source.length < 60);
        return linearExpression(source)(each) === inJavaScript(escaped).test(each);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['(a+)+b', 'a'],
    ['(a|a)*b', 'a'],
    ['(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b', 'a'],
    ['(a?){60}a{60}b', 'a'],
    ['((a*)*)*b', 'a'],
  ])('takes no time for %s, which makes others backtrack', (source, pump) => {
    const begun = process.threadCpuUsage();
    expect(linearExpression(source)(pump.repeat(2_000))).toBe(false);
    const { user, system } = process.threadCpuUsage(begun);
    expect(user + system).toBeLessThan(2_000_000);
  });

  it('ignores anchors at its ends, where it has them anyway', () => {
    const matches = linearExpression('^a\\$$');
    expect([matches('a$'), matches('xa$'), matches('a$\n')]).toEqual([true, false, false]);
    expect(linearExpression('a\\\\$')('a\\')).toBe(true);
  });

  it.each([
    '(?=a)b',
    '(?<name>a)',
    '(?i)a',
    '(a)\\1',
    '\\bword',
    '\\x41',
    'a^b',
    'a$b',
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    'a{',
    'a{2,1}',
    'a{0}',
    'a{101}',
    '[z-a]',
    '[[:alpha:]]',
    'a\\',
    '(((a{100}){100}){100})',
    '((((){100}){100}){100})',
    '('.repeat(30),
  ])('refuses %s', (source) => {
    expect(() => linearExpression(source)).toThrow(ExpressionFault);
  });

  it('reads or refuses any text, and is never slow', () => {
    const any = fc.string({ unit: fc.constantFrom(...Array.from('ab()[]{}*+?|\\^$.-,019d')), maxLength: 40 });
    fc.assert(
      fc.property(any, text, (source, each) => {
        try {
          linearExpression(source)(each);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionFault);
        }
      }),
      { numRuns: 500 },
    );
  });
});
