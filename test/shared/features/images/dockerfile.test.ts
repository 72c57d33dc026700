import { describe, expect, it } from 'vitest';
import { instructionIn, showHistory } from '../../../../shared/features/images/dockerfile.ts';

describe('the instruction of a step', () => {
  const rows = [
    ['the classic builder, a command', '/bin/sh -c apt-get update', 'RUN apt-get update'],
    ['the classic builder, no command', '/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'],
    ['the classic builder, files', '/bin/sh -c #(nop) ADD file:0a1b in / ', 'ADD file:0a1b in /'],
    ['the classic builder, arguments', '|2 A=1 B=two words /bin/sh -c make $A', 'RUN make $A'],
    ['the classic builder on Windows', 'cmd /S /C #(nop)  ENV A=1', 'ENV A=1'],
    ['BuildKit, a command', 'RUN /bin/sh -c apk add curl # buildkit', 'RUN apk add curl'],
    ['BuildKit, arguments', 'RUN |1 A=1 /bin/sh -c make # buildkit', 'RUN make'],
    ['BuildKit, another shell', 'RUN /bin/bash -o pipefail -c a | b # buildkit', 'RUN a | b'],
    ['BuildKit, an exec form', 'RUN /bin/true # buildkit', 'RUN /bin/true'],
    ['BuildKit, files', 'COPY . /app # buildkit', 'COPY . /app'],
    ['BuildKit, several lines', 'RUN /bin/sh -c <<EOF\nmake\nEOF # buildkit', 'RUN <<EOF\nmake\nEOF'],
    ['BuildKit, nothing that runs', 'ENV A=1', 'ENV A=1'],
    ['a builder of another kind', 'bazel build ...', 'bazel build ...'],
    ['nobody', '', ''],
  ] as const;

  it.each(rows)('of %s is read', (_, createdBy, instruction) => {
    expect(instructionIn(createdBy)).toBe(instruction);
  });

  it('is found in time that grows with its length alone', () => {
    for (const hostile of ['/bin/sh -a', '|1 A= /bin/sh', ' # buildkit', '/bin/sh -c #(nop) '])
      expect(instructionIn(hostile.repeat(100_000)).length).toBeGreaterThan(0);
  });
});

const step = (createdBy: string, isEmpty = false) => ({ createdBy, isEmpty });

describe('a history', () => {
  it('is matched to the layers in their order, without the steps that made none', () => {
    const { steps, problem, dockerfile } = showHistory(
      [step('ADD rootfs.tar /'), step('ENV A=1', true), step('COPY . /app'), step('CMD ["app"]', true)],
      2,
    );
    expect(steps.map(({ layer }) => layer)).toEqual([0, undefined, 1, undefined]);
    expect(problem).toBeUndefined();
    expect(dockerfile).toBe('ADD rootfs.tar /\nENV A=1\nCOPY . /app\nCMD ["app"]\n');
  });

  it('whose steps are not as many as the layers is shown, and matched to none', () => {
    const { steps, problem } = showHistory([step('RUN a'), step('RUN b')], 3);
    expect(steps.map(({ layer }) => layer)).toEqual([undefined, undefined]);
    expect(problem).toBe(
      'the history has 2 steps that made a layer, and the manifest lists 3 layers, ' +
        'so it is not known which instruction made which layer',
    );
  });

  it('that is not there is said to be absent', () => {
    expect(showHistory([], 1)).toMatchObject({ steps: [], problem: expect.stringContaining('no history') as string });
    expect(showHistory([], 0).problem).toBeUndefined();
  });

  it('has as comments what is no instruction, line by line', () => {
    const { dockerfile } = showHistory([step('ko build\nRUN evil'), step('')], 2);
    expect(dockerfile).toBe('# ko build\n# RUN evil\n# This step has no instruction.\n');
  });

  it('is cut when it is long, and says so', () => {
    const many = showHistory(
      Array.from({ length: 1_500 }, () => step('RUN a')),
      1_500,
    );
    expect(many).toMatchObject({ isCut: true });
    expect(many.steps).toHaveLength(1_000);
    expect(many.dockerfile).toContain('# 500 more steps are not shown.');
    const large = showHistory(
      Array.from({ length: 100 }, () => step(`RUN ${'a'.repeat(10_000)}`)),
      100,
    );
    expect(large.steps[0]?.instruction).toHaveLength(4_097);
    expect(large.dockerfile?.length).toBeLessThan(140_000);
    expect(large.dockerfile).toContain('more steps are not shown');
  });
});
