import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget } from '../../../../shared/core/dockerfile/budget.ts';
import { expand } from '../../../../shared/core/dockerfile/shell.ts';

const variables = new Map([
  ['a', 'one'],
  ['empty', ''],
  ['path', 'x/y/z.tar.gz'],
  ['words', 'b c'],
  ['star', 'x*y'],
  ['ü', 'umlaut'],
]);

const text = (source: string, escape = '\\'): string =>
  expand(source, variables, { escape, budget: new Budget() }).text;

describe('expansion', () => {
  it.each([
    ['$a', 'one'],
    ['${a}', 'one'],
    ['$a.b', 'one.b'],
    ['$ab', ''],
    ['${a}b', 'oneb'],
    ['$ü', 'umlaut'],
    ['$1x', 'x'],
    ['$10', ''],
    ['$', '$'],
    ['$.', '$.'],
    ['$$a', 'a'],
    ["'$a'", '$a'],
    ['"$a"', 'one'],
    ['\\$a', '$a'],
    ['"\\$a"', '$a'],
    ['"\\n"', '\\n'],
    ['\\n', 'n'],
    ['a\\', 'a'],
    ["'\\'", '\\'],
    ['"it\'s"', "it's"],
    ['${a:-x}', 'one'],
    ['${none:-x}', 'x'],
    ['${empty:-x}', 'x'],
    ['${empty-x}', ''],
    ['${none-$a}', 'one'],
    ['${none:-${none:-$a}}', 'one'],
    ['${none:-"a b"}', 'a b'],
    ['${a:+x}', 'x'],
    ['${none:+x}', ''],
    ['${empty:+x}', ''],
    ['${empty+x}', 'x'],
    ['${a:?no}', 'one'],
    ['${empty?no}', ''],
    ['${path#*/}', 'y/z.tar.gz'],
    ['${path##*/}', 'z.tar.gz'],
    ['${path%.*}', 'x/y/z.tar'],
    ['${path%%.*}', 'x/y/z'],
    ['${path#q}', 'x/y/z.tar.gz'],
    ['${path%%/*}', 'x'],
    ['${path#??}', 'y/z.tar.gz'],
    ['${path/\\//-}', 'x-y/z.tar.gz'],
    ['${path//\\//-}', 'x-y-z.tar.gz'],
    ['${path/?.*/q}', 'x/y/q'],
    ['${star#x\\*}', 'y'],
    ['${star//\\*/}', 'xy'],
    ['${none#x}', ''],
    ['${a//n/}', 'oe'],
    ['${path//[.]/x}', 'x/y/z.tar.gz'],
  ])('makes of %s', (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  it('escapes with what the file chose, and with nothing else', () => {
    expect(text('C:\\`$a', '`')).toBe('C:\\$a');
  });

  it.each([
    ['${', "syntax error: missing '}'"],
    ['${}', 'syntax error: bad substitution'],
    ['${:-x}', 'syntax error: bad substitution'],
    ['${{a}}', 'syntax error: bad substitution'],
    ['${a=x}', 'unsupported modifier (=) in substitution'],
    ['${a:=x}', 'unsupported modifier (:=) in substitution'],
    ['${a:#x}', 'unsupported modifier (:#) in substitution'],
    ['${a/x}', "syntax error: missing '/' in ${}"],
    ['${a#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
    ['${none?}', 'none: is not allowed to be unset'],
    ['${empty:?}', 'empty: is not allowed to be empty'],
    ['${none:?tell me}', 'none: tell me'],
    ['"a', 'matching double-quote'],
    ["'a", 'matching single-quote'],
  ])('refuses %s', (source, message) => {
    expect(() => text(source)).toThrow(message);
  });

  it('parts words after it has expanded, except in quotes', () => {
    const words = (source: string) => expand(source, variables, { escape: '\\', budget: new Budget() }).words;
    expect(words('a$words "$words" d\\ e')).toEqual(['ab', 'c', 'b c', 'd e']);
  });

  it('leaves text without quotes, escapes and dollars as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }).map((any) => any.replace(/['"\\$]/g, '')),
        (plain) => text(plain) === plain,
      ),
    );
  });

  it('matches patterns as regular expressions do', () => {
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '*', '?'), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(''));
    const value = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, value, (glob, subject) => {
        const source = glob.replaceAll('?', '.').replaceAll('*', '.*');
        const given = new Map([['v', subject]]);
        const run = (word: string): string => expand(word, given, { escape: '\\', budget: new Budget() }).text;
        expect(run(`\${v##${glob}}`)).toBe(subject.replace(new RegExp(`^${source}`), ''));
        expect(run(`\${v#${glob}}`)).toBe(
          subject.replace(new RegExp(`^${glob.replaceAll('?', '.').replaceAll('*', '.*?')}`), ''),
        );
        expect(run(`\${v/${glob}/-}`)).toBe(subject.replace(new RegExp(source), '-'));
      }),
    );
  });

  it('ends where the work grows beyond all bounds', () => {
    expect(() => text('${none-'.repeat(600) + '}'.repeat(600))).toThrow('nested deeper');
    const long = new Map([['v', 'a'.repeat(100_000)]]);
    expect(() => expand('${v//*a*a*a*a*b/x}'.repeat(10), long, { escape: '\\', budget: new Budget() })).toThrow(
      'more work than is allowed',
    );
  });
});
