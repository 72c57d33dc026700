import { describe, expect, it } from 'vitest';
import { basesOf } from '../../../../shared/core/dockerfile/bases.ts';
import { imagesOf, library, refusalOf } from './answers.ts';

describe('the lines of a Dockerfile', () => {
  it.each([
    ['a continued line', 'FROM \\\n  alpine\n'],
    ['spaces behind the escape that continues', 'FROM \\ \t\n  alpine\n'],
    ['comments and empty lines inside of a continued line', 'FROM \\\n# base\n\n   # image\n alpine\n'],
    ['a line that ends with the file', 'FROM alpine \\'],
    ['CRLF', 'FROM alpine\r\nRUN a \\\r\n  && b\r\n'],
    ['a byte order mark', '\ufeffFROM alpine\n'],
    ['instructions in any case, indented', '\t from alpine\n  rUn true\n'],
    ['an escape that is chosen', '# escape=`\nFROM `\nalpine\nRUN dir C:\\\nRUN more\n'],
    ['an escape that is chosen, written oddly', '#ESCAPE  =  `  \nFROM `\nalpine\n'],
    ['an escape that comes after a comment, and so is one', '# a comment\n# escape=`\nFROM \\\nalpine\n'],
    ['a hash inside of a line, which is no comment', 'FROM alpine\nRUN echo \\\n  a # b \\\n  c\n'],
  ])('takes %s', (_, text) => {
    expect(imagesOf(text)).toEqual([library('alpine:latest')]);
  });

  it('does not continue a line at an escape that is itself escaped', () => {
    expect(refusalOf('FROM alpine\nRUN a \\\\\nnot-an-instruction\n')).toMatch(
      /^3: .*unknown instruction: not-an-instruction/,
    );
  });

  it.each([
    ['nothing', '', /^0: the Dockerfile cannot be empty/],
    ['only comments', '# a\n\n# b\n', /file with no instructions/],
    ['ARGs without a stage', 'ARG A=1\n', /dockerfile contains no stages to build/],
    ['an instruction before the first stage', 'RUN true\nFROM alpine\n', /^1: no build stage in current context/],
    ['an escape that is neither of the two', '# escape=x\nFROM alpine\n', /^1: invalid escape token 'x'/],
    ['a directive twice', '# syntax=a\n# syntax=b\nFROM alpine\n', /^2: only one syntax parser directive can be used/],
    ['check options that do not exist', '# check=strict=true\nFROM alpine\n', /invalid check option "strict"/],
    ['check options of no boolean', '# check=error=yes\nFROM alpine\n', /failed to parse check option "error=yes"/],
    [
      'a line longer than BuildKit reads',
      `FROM alpine\nRUN ${'a'.repeat(65536)}\n`,
      /^2: dockerfile line greater than max allowed size of 65535/,
    ],
  ])('refuses %s', (_, text, refusal) => {
    expect(refusalOf(text)).toMatch(refusal);
  });

  it('takes a line of exactly what BuildKit reads', () => {
    expect(imagesOf(`FROM alpine\n${'RUN '.padEnd(65535, 'a')}\n`)).toEqual([library('alpine:latest')]);
  });

  it.each([
    ['# syntax=docker/dockerfile:1\nFROM a', 'docker/dockerfile:1'],
    ['#!/usr/bin/env x\n#syntax = a/b:c --flag\nFROM a', 'a/b:c'],
    ['// syntax=a/b\nFROM a', 'a/b'],
    ['{"syntax": "a/b"}', 'a/b'],
    ['# comment\n# syntax=a/b\nFROM a', undefined],
  ])('names the front end of %j', (text, syntax) => {
    expect(basesOf(text).syntax).toBe(syntax);
  });
});

describe('heredocs', () => {
  it.each([
    ['of RUN', 'FROM alpine\nRUN <<EOF\nFROM busybox\nEOF\n'],
    ['with a quoted word', 'FROM alpine\nRUN cat <<"E O" <<\'x\'\nFROM busybox\nE O\nFROM busybox\nx\n'],
    ['with tabs that go', 'FROM alpine\nRUN <<-EOF\n\tFROM busybox\n\t\tEOF\n'],
    ['of several files', 'FROM alpine\nCOPY <<a <<b /x/\nFROM busybox\na\nFROM busybox\nb\n'],
    ['with a file descriptor', 'FROM alpine\nRUN 3<<EOF cat\nFROM busybox\nEOF\n'],
    ['after a space', 'FROM alpine\nRUN cat << EOF\nFROM busybox\nEOF\n'],
    ['of a held back instruction', 'FROM alpine\nONBUILD RUN <<EOF\nFROM busybox\nEOF\n'],
    ['in CRLF', 'FROM alpine\r\nRUN <<EOF\r\nFROM busybox\r\nEOF\r\n'],
    ['that is continued after a line', 'FROM alpine\nRUN <<EOF \\\n  cat\nFROM busybox\nEOF\n'],
  ])('hide what is in them: %s', (_, text) => {
    expect(imagesOf(text)).toEqual([library('alpine:latest')]);
  });

  it.each([
    ['a here-string', 'FROM alpine\nRUN cat <<<EOF\nFROM busybox\n'],
    ['JSON', 'FROM alpine\nRUN ["cat", "<<EOF"]\nFROM busybox\n'],
    ['another instruction', 'FROM alpine\nCMD cat <<EOF\nFROM busybox\n'],
    ['quotes around all of it', 'FROM alpine\nRUN echo "<<EOF"\nFROM busybox\n'],
    ['a line whose quotes do not close', "FROM alpine\nRUN echo ' <<EOF\nFROM busybox\n"],
  ])('do not begin in %s', (_, text) => {
    expect(imagesOf(text, { allStages: true })).toEqual([library('alpine:latest'), library('busybox:latest')]);
  });

  it('must end', () => {
    expect(refusalOf('FROM alpine\nRUN <<EOF\nEOFF\n EOF\n')).toBe('2: unterminated heredoc');
  });

  it('have their variables expanded where their word is not quoted', () => {
    expect(refusalOf('FROM alpine\nCOPY <<EOF /x\n${a:?missing}\nEOF\n')).toMatch(/a: missing/);
    expect(refusalOf('FROM alpine\nCOPY <<"EOF" /x\n${a:?missing}\nEOF\n')).toBe('');
    expect(refusalOf('FROM alpine\nCOPY <<EOF /x\nit\'s "\nEOF\n')).toBe('');
  });
});
