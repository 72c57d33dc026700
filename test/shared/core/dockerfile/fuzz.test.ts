import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basesOf } from '../../../../shared/core/dockerfile/bases.ts';

const words = [
  'FROM',
  'ARG',
  'RUN',
  'COPY',
  'ADD',
  'ENV',
  'ONBUILD',
  'EXPOSE',
  'HEALTHCHECK',
  'AS',
  'a',
  'b',
  'scratch',
  'A=1',
  '$A',
  '${A:-',
  '${A##*',
  '${A//',
  '}',
  '/',
  ':',
  '@',
  '=',
  ',',
  '--from=',
  '--from=0',
  '--mount=',
  'type=cache',
  'target=/x',
  '--platform=',
  '"',
  "'",
  '\\',
  '`',
  '<<E',
  '<<-"E"',
  '\nE\n',
  '[',
  ']',
  '["x"]',
  '# escape=`\n',
  '#',
  '\\\n',
  '\r\n',
  '\n',
  '\n',
  ' ',
  ' ',
  ' ',
  '\t',
  '\ufeff',
  '\0',
  '😀',
];
const text = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

describe('any text at all', () => {
  it('is answered: with images and stages, or with what is wrong and where', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (dockerfile, allStages) => {
        const bases = basesOf(dockerfile, { allStages, args: { A: 'x' } });
        if ('error' in bases) {
          expect(bases.error.message).not.toBe('');
          expect(bases.error.line).toBeLessThanOrEqual(dockerfile.split('\n').length);
        } else {
          expect(bases.stages.some(({ reached }) => reached)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('needs no more for the target than for all stages', () => {
    fc.assert(
      fc.property(
        text.map((rest) => `FROM a\n${rest}`),
        (dockerfile) => {
          const all = new Set(basesOf(dockerfile, { allStages: true }).refs.map(({ name }) => name));
          expect(basesOf(dockerfile).refs.filter(({ name }) => !all.has(name))).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  const long = 50_000;
  it.each([
    ['nested substitutions', `FROM \${a-${'${a-\\\n'.repeat(long)}`],
    ['a variable that doubles', `FROM x\nENV A=aaaa\n${'ENV A=$A$A\n'.repeat(60)}`],
    ['a pattern of many stars', `ARG A=${'a'.repeat(long)}\nARG B=\${A//*a*a*a*a*a*b/x}\nFROM x`],
    [
      'a chain of stages',
      `FROM x AS s0\n${Array.from({ length: long / 2 }, (_, index) => `FROM s${index} AS s${index + 1}`).join('\n')}`,
    ],
    [
      'a chain of stages that all add a variable',
      `FROM x AS s0\n${Array.from({ length: long / 4 }, (_, index) => `FROM s${index} AS s${index + 1}\nENV a${index}=1`).join('\n')}`,
    ],
    [
      'a chain of held back copies',
      Array.from(
        { length: long / 4 },
        (_, index) => `FROM x AS b${index}\nONBUILD COPY --from=s${index + 1} a b\nFROM b${index} AS s${index}`,
      ).join('\n'),
    ],
    ['many flags', `FROM x\nRUN ${'--mount=type=cache,target=/x \\\n'.repeat(long / 2)} true`],
    ['many heredocs', `FROM x\nRUN a ${'<<A \\\n'.repeat(long)}\n${'A\n'.repeat(long)}`],
    ['many continued lines', '\\\n'.repeat(10 * long)],
    ['spaces alone', `FROM x\nRUN a${' '.repeat(long)}\\\n${'\t'.repeat(long)}b`],
    ['open brackets', `FROM x\nRUN ${'['.repeat(long)}`],
    ['a long bad reference', `FROM ${'a-'.repeat(long / 2)}!`],
    ['too much', 'a'.repeat(2_000_000)],
  ])('takes bounded time: %s', (_, dockerfile) => {
    const begun = process.cpuUsage();
    basesOf(dockerfile);
    const { user, system } = process.cpuUsage(begun);
    // A cost that grows with a power of the length takes minutes.
    expect((user + system) / 1e6).toBeLessThan(15);
  });
});
