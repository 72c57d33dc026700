import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'bases-'));
const program = join(dirname(dirname(import.meta.dirname)), 'local', 'bases.ts');

function bases(...args: string[]): { status: number | null; lines: unknown[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args],
    { encoding: 'utf8' },
  );
  return {
    status,
    lines: stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line)),
    stderr,
  };
}

function dockerfile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run bases', () => {
  it('prints a line for each file, and nothing else', () => {
    const good = dockerfile('good', '# syntax=docker/dockerfile:1\nARG V=3\nFROM golang AS unused\nFROM alpine:$V\n');
    const bad = dockerfile('bad', 'FROM alpine\nRNU true\n');
    const { status, lines, stderr } = bases(
      '--build-arg',
      'V=4=x',
      '--build-arg',
      'V=4',
      good,
      bad,
      join(folder, 'none'),
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(lines).toMatchObject([
      {
        file: good,
        all_stages: false,
        syntax: 'docker/dockerfile:1',
        refs: { 'docker.io/library/alpine:4': ['linux/amd64'] },
        stages: [
          { name: 'unused', reached: false },
          { name: 'stage-1', reached: true },
        ],
      },
      { file: bad, refs: {}, line: 2 },
      { refs: {}, error: expect.stringContaining('cannot be read') as unknown },
    ]);
  });

  it('takes every stage, one of them, or another platform', () => {
    const path = dockerfile('two', 'FROM golang AS build\nFROM alpine\n');
    expect(bases('--all-stages', path).lines).toMatchObject([
      {
        all_stages: true,
        refs: {
          'docker.io/library/alpine:latest': ['linux/amd64'],
          'docker.io/library/golang:latest': ['linux/amd64'],
        },
      },
    ]);
    expect(bases('--target', 'build', '--platform', 'linux/arm64', path).lines).toMatchObject([
      { refs: { 'docker.io/library/golang:latest': ['linux/arm64'] } },
    ]);
  });

  it('says how it is called when it is called wrongly', () => {
    expect(bases()).toMatchObject({
      status: 2,
      lines: [],
      stderr: expect.stringContaining('usage: npm run -s bases') as unknown,
    });
    expect(bases('--stages', 'x')).toMatchObject({ status: 2, stderr: expect.stringContaining('--stages') as unknown });
  });
});
