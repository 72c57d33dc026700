import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'bases-'));
const root = dirname(dirname(import.meta.dirname));
const program = join(root, 'local', 'bases.ts');

function statusOf(...args: string[]): number | null {
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args]).status;
}

function dockerfile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run bases', () => {
  it('ends with 0 when all is well, and with 1 for a file that is wrong, a folder, a target that is not there or no file at all', () => {
    const good = dockerfile('fine', 'FROM alpine\n');
    expect(statusOf(good)).toBe(0);
    const typo = dockerfile('typo', 'FORM alpine\n');
    for (const args of [[typo], [folder], ['--target', 'absent', good], [join(folder, 'none')], [good, typo, good]])
      expect({ args, status: statusOf(...args) }).toEqual({ args, status: 1 });
  });

  it('ends without a stack trace when its reader goes', () => {
    const path = dockerfile('many', 'FROM alpine\n');
    const command = `"${process.execPath}" "${program}" ${`"${path}" `.repeat(3_000)} | head -n 1`;
    const { stderr, stdout } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).not.toMatch(/EPIPE|at /);
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('has its exit codes on its page', () => {
    expect(readFileSync(join(root, 'docs', 'bases.md'), 'utf8').replace(/\s+/g, ' ')).toContain(
      'The exit code is 0, 1 when a file cannot be read or BuildKit would refuse it, and 2 when the command itself is wrong.',
    );
  });
});
