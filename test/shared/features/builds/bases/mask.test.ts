import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formsOf, Mask } from '../../../../../shared/features/builds/plan/mask.ts';

const secret = fc
  .string({ minLength: 8, maxLength: 40, unit: 'binary' })
  .filter((text) => text.trim().length >= 8 && !text.includes('*'));
const other = fc.string({ maxLength: 60, unit: 'grapheme' });

/** Cut anywhere. */
function through(secrets: readonly string[], text: string, cuts: readonly number[]): string {
  const mask = new Mask(secrets);
  let [shown, at] = ['', 0];
  for (const length of cuts) {
    shown += mask.push(text.slice(at, at + length));
    at += length;
  }
  return shown + mask.push(text.slice(at)) + mask.end();
}

describe('a secret in the output of a builder', () => {
  it('is hidden in every form, wherever the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        other,
        other,
        fc.array(fc.nat(20)),
        fc.nat(),
        (secrets, before, after, cuts, pick) => {
          const forms = secrets.flatMap(formsOf);
          const text = before + String(forms[pick % forms.length]) + after;
          const shown = through(secrets, text, cuts);
          for (const form of secrets.flatMap(formsOf)) expect(shown.includes(form)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is hidden as if the text had not been cut, also where one secret is the beginning, the end or a part of another', () => {
    const letters = fc.string({ minLength: 4, maxLength: 8, unit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 4 }),
        fc.string({ maxLength: 40, unit: fc.constantFrom('a', 'b', 'c') }),
        fc.array(fc.nat(6)),
        (secrets, text, cuts) => {
          const shown = through(secrets, text, cuts);
          expect(shown).toBe(through(secrets, text, []));
          for (const form of secrets.flatMap(formsOf)) expect(shown.includes(form)).toBe(false);
        },
      ),
      { numRuns: 5_000 },
    );
    expect(through(['hunter22', 'hunter22-production'], 'pw hunter22-production.', [11])).toBe('pw ***.');
  });

  it('changes nothing else, and nothing where there is none', () => {
    fc.assert(
      fc.property(fc.array(secret, { maxLength: 3 }), other, fc.array(fc.nat(20)), (secrets, text, cuts) => {
        fc.pre(!secrets.flatMap(formsOf).some((form) => text.includes(form)));
        expect(through(secrets, text, cuts)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of several lines is hidden line by line too, but not where a line has three characters', () => {
    expect(through(['-----BEGIN KEY-----\nabcdefgh\nxyz'], 'key: abcdefgh, xyz', [])).toBe('key: ***, xyz');
    expect(through(['p@ss word'], 'https://u:p%40ss%20word@host "p@ss word" cEBzcyB3b3Jk', [3, 9])).toBe(
      'https://u:***@host "***" ***',
    );
  });

  it('does not hold back text that can no longer become one', () => {
    const mask = new Mask(['secret-value']);
    expect([mask.push('STEP 1\nsec'), mask.push('onds\n'), mask.push('secret-'), mask.push('value!')]).toEqual([
      'STEP 1\n',
      'seconds\n',
      '',
      '***!',
    ]);
  });
});
