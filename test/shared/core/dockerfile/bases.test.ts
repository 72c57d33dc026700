import { describe, expect, it } from 'vitest';
import { basesOf } from '../../../../shared/core/dockerfile/bases.ts';
import { imagesOf, library, refusalOf } from './answers.ts';

const pin = `sha256:${'ab'.repeat(32)}`;

describe('names of images', () => {
  it.each([
    ['alpine', library('alpine:latest')],
    ['alpine:3.22', library('alpine:3.22')],
    ['team/app', 'docker.io/team/app:latest'],
    ['docker.io/alpine', library('alpine:latest')],
    ['index.docker.io/team/app:1', 'docker.io/team/app:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['ghcr.io/team/app:V1', 'ghcr.io/team/app:V1'],
    ['TEAM/app', 'TEAM/app:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    [`alpine@${pin}`, library(`alpine@${pin}`)],
    [`alpine:3.22@${pin}`, library(`alpine:3.22@${pin}`)],
  ])('takes %s', (written, name) => {
    expect(imagesOf(`FROM ${written}`)).toEqual([name]);
  });

  it.each([
    'Alpine',
    'alpine:',
    'alpine:a:b',
    '-alpine',
    'a//b',
    'alpine@sha256:ab',
    `alpine@sha256:${'g'.repeat(64)}`,
    'ab'.repeat(32),
    `a/${'b'.repeat(256)}`,
    'https://alpine',
  ])('refuses %s', (written) => {
    expect(refusalOf(`FROM ${written}`)).toMatch(/^1: failed to parse stage name/);
  });

  it('refuses a faulty one of a stage that is not needed, too', () => {
    const bases = basesOf('FROM alpine: AS unused\nFROM busybox\n');
    expect(bases).toMatchObject({ error: { line: 1 }, refs: [{ name: library('busybox:latest') }] });
  });
});

describe('stages', () => {
  const text = 'FROM golang AS build\nFROM node AS unused\nFROM build AS more\nFROM scratch\nCOPY --from=more /a /a\n';

  it('are needed when the target stands on them or copies from them', () => {
    const bases = basesOf(text);
    expect(bases).toMatchObject({
      refs: [{ name: library('golang:latest'), origin: 'FROM', line: 1, platform: 'linux/amd64' }],
      stages: [
        { name: 'build', reached: true },
        { name: 'unused', reached: false },
        { name: 'more', reached: true },
        { name: 'stage-3', reached: true, line: 4 },
      ],
    });
  });

  it('are all needed when all are asked for', () => {
    expect(imagesOf(text, { allStages: true })).toEqual([library('golang:latest'), library('node:latest')]);
  });

  it('are chosen by name, in any case', () => {
    expect(imagesOf(text, { target: 'UNUSED' })).toEqual([library('node:latest')]);
    expect(refusalOf(text, { target: 'unusde' })).toBe(
      '0: target stage "unusde" could not be found (did you mean unused?)',
    );
  });

  it.each([
    ['names of COPY in any case', 'FROM golang AS Build\nFROM scratch\nCOPY --from=BUILD a b\n', ['golang']],
    ['numbers', 'FROM golang\nFROM scratch\nCOPY --from=0 a b\n', ['golang']],
    ['names of mounts', 'FROM golang AS b\nFROM alpine\nRUN --mount=from=b,target=/x true\n', ['alpine', 'golang']],
    [
      'names of FROM only as they are in lower case',
      'FROM golang AS build\nFROM scratch\nCOPY --from=build a b\nCOPY --from=node a b\n',
      ['golang', 'node'],
    ],
    ['the last of two with one name', 'FROM golang AS a\nFROM node AS a\nFROM a\n', ['node']],
    ['the one before, for a stage that is FROM its own name', 'FROM alpine AS alpine\nFROM alpine\n', ['alpine']],
    ['a stage that is called scratch', 'FROM alpine AS scratch\nFROM scratch\n', ['alpine']],
    ['names from variables', 'ARG B=build\nFROM golang AS build\nFROM ${B}\n', ['golang']],
  ])('are found by %s', (_, dockerfile, names) => {
    expect(imagesOf(dockerfile)).toEqual(names.map((name) => library(`${name}:latest`)));
  });

  it.each([
    ['FROM a AS b AS c', '1: dockerfile parse error on line 1: FROM requires either one or three arguments'],
    ['FROM', '1: dockerfile parse error on line 1: FROM requires either one or three arguments'],
    [
      'FROM a AS 1b',
      '1: dockerfile parse error on line 1: invalid name for build stage: "1b", name can\'t start with a number or contain symbols',
    ],
    ['FROM a AS b\nCOPY --from=b . .', '1: circular dependency detected on stage: b'],
    ['FROM a\nCOPY --from=0 . .', '1: circular dependency detected on stage: stage-0'],
    [
      'FROM a\nCOPY --from=later . .\nFROM a AS later\nCOPY --from=0 . .',
      '1: circular dependency detected on stage: stage-0',
    ],
    ['FROM a\nCOPY --from=7 . .', '2: invalid stage index 7'],
    [
      'FROM a AS x\nCOPY --from=later . .\nFROM a AS later\nCOPY --from=x . .\n',
      '1: circular dependency detected on stage: x',
    ],
    [
      'FROM Build\nFROM a AS build',
      '1: failed to parse stage name "Build": invalid reference format: repository name (library/Build) must be lowercase',
    ],
  ])('are refused where they make no sense: %j', (dockerfile, refusal) => {
    expect(refusalOf(dockerfile)).toBe(refusal);
  });

  it('cannot be copied from or mounted before they are defined', () => {
    expect(refusalOf('FROM a AS x\nCOPY --from=late . .\nFROM a AS late\n', { target: 'x' })).toBe(
      '2: cannot copy from stage "late", it needs to be defined before current stage "x"',
    );
    expect(refusalOf('FROM a AS x\nRUN --mount=from=late,target=/y true\nFROM a AS late\n', { target: 'x' })).toMatch(
      /^2: cannot mount from stage "late" to "\/y"/,
    );
  });

  it('hand their held back instructions to the stages that are FROM them', () => {
    const held =
      'FROM alpine AS parent\nONBUILD COPY --from=busybox a b\nONBUILD RUN --mount=from=node,target=/x true\nFROM ' +
      'parent AS child\nFROM child\n';
    expect(imagesOf(held, { target: 'parent' })).toEqual([library('alpine:latest')]);
    expect(imagesOf(held)).toEqual([library('alpine:latest'), library('busybox:latest'), library('node:latest')]);
    expect(refusalOf('FROM a AS p\nONBUILD COPPY a b\nFROM p\n')).toBe(
      '3: unknown instruction: COPPY (did you mean COPY?)',
    );
  });

  it('follow held back instructions to stages that nothing else needs', () => {
    expect(imagesOf('FROM golang AS far\nFROM node AS p\nONBUILD COPY --from=far a b\nFROM p\n')).toEqual([
      library('golang:latest'),
      library('node:latest'),
    ]);
  });
});

describe('images beside FROM', () => {
  it('are those of COPY and of mounts, with where they are named', () => {
    const bases = basesOf(
      'FROM scratch\nCOPY --from=alpine:3 a b\nRUN --mount=type=cache,target=/c --mount=type=bind,from=busybox,target=/d true\n',
    );
    expect(bases.refs).toEqual([
      { name: library('alpine:3'), platform: 'linux/amd64', origin: 'COPY --from', line: 2 },
      { name: library('busybox:latest'), platform: 'linux/amd64', origin: 'RUN --mount', line: 3 },
    ]);
  });

  it.each([
    [
      'FROM scratch\nCOPY --from=$x a b',
      '2: variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    ],
    [
      'FROM scratch\nRUN --mount=from=$x,target=/y true',
      "2: dockerfile parse error on line 2: 'from' doesn't support variable expansion, define alias stage instead",
    ],
    [
      'FROM scratch\nCOPY --from=a --from=b a b',
      '2: dockerfile parse error on line 2: duplicate flag specified: --from',
    ],
    ['FROM scratch\nADD --from=a a b', '2: dockerfile parse error on line 2: unknown flag: --from'],
  ])('are refused in %j', (dockerfile, refusal) => {
    expect(refusalOf(dockerfile)).toBe(refusal);
  });

  it('are read from CSV with its quotes', () => {
    expect(imagesOf('FROM scratch\nRUN --mount=\'type=bind,"from=busybox",target=/x\' true\n')).toEqual([
      library('busybox:latest'),
    ]);
  });
});

describe('variables of FROM', () => {
  it.each([
    ['a default', 'ARG V=3\nFROM alpine:$V', 'alpine:3'],
    ['a default of the substitution', 'FROM alpine:${V:-edge}', 'alpine:edge'],
    ['one ARG of another', 'ARG A=3 B=${A}.22\nFROM alpine:$B', 'alpine:3.22'],
    ['quotes', 'ARG I="alpine:3"\nFROM ${I}', 'alpine:3'],
    ['a pattern', 'ARG V=v3.22.1\nARG W=${V#v}\nFROM alpine:${W%.*}', 'alpine:3.22'],
    ['the last of two', 'ARG V=1\nARG V=2\nFROM alpine:$V', 'alpine:2'],
    ['the platform', 'FROM alpine:$TARGETARCH-$BUILDOS', 'alpine:amd64-linux'],
    ['the stage that is built', 'FROM alpine:$TARGETSTAGE AS here', 'alpine:here'],
    ['no name of a stage', 'FROM alpine:$TARGETSTAGE', 'alpine:default'],
  ])('take %s', (_, text, name) => {
    expect(imagesOf(text)).toEqual([library(name)]);
  });

  it('are overridden by build arguments, the predefined ones too', () => {
    expect(imagesOf('ARG V=3\nFROM alpine:$V', { args: { V: '4' } })).toEqual([library('alpine:4')]);
    expect(imagesOf('FROM alpine:$TARGETARCH', { args: { TARGETARCH: 'none' } })).toEqual([library('alpine:none')]);
  });

  it('do not come from inside of stages, nor without an ARG', () => {
    expect(refusalOf('FROM alpine AS a\nARG I=busybox\nFROM $I\n')).toBe('3: base name ($I) should not be blank');
    expect(refusalOf('FROM $I\n', { args: { I: 'busybox' } })).toBe('1: base name ($I) should not be blank');
    expect(refusalOf('ARG V\nFROM alpine:$V')).toMatch(/failed to parse stage name "alpine:"/);
  });

  it('choose platforms', () => {
    const platforms = (text: string) =>
      basesOf(text, { platform: 'linux/arm64', buildPlatform: 'linux/amd64' }).refs.map(({ platform }) => platform);
    expect(platforms('FROM --platform=$BUILDPLATFORM golang AS b\nFROM alpine\nCOPY --from=b a b\n')).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
    expect(platforms('FROM --platform=linux/arm/v7 alpine\n')).toEqual(['linux/arm/v7']);
    expect(platforms('FROM --platform=linux/x86_64 alpine\n')).toEqual(['linux/amd64']);
    expect(refusalOf('FROM --platform=$BUILDPLATFROM alpine')).toBe(
      '1: empty platform value from expression $BUILDPLATFROM (did you mean BUILDPLATFORM?)',
    );
    expect(refusalOf('FROM --platform=nowhere alpine')).toMatch(/unknown operating system or architecture/);
  });
});
