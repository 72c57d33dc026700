import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hashPassword, parsePasswordHash } from '../../shared/features/identity/password.ts';

const program = fileURLToPath(new URL('../../infra/password/main.ts', import.meta.url));
const run = (args: readonly string[], input = '') =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], { input, encoding: 'utf8' });
const isOf = async (hash: string, password: string) => {
  const parsed = parsePasswordHash(hash.trim());
  return parsed !== undefined && (await hashPassword(password, parsed.salt)) === parsed.hash;
};

describe('npm run password', () => {
  it('makes a password, shows it apart from its hash, and gives the setting that takes it', async () => {
    const { status, stdout, stderr } = run([]);
    const [, password = ''] = /the password of admin is (\S+): it is not shown again/.exec(stderr) ?? [];
    expect([status, password.length > 20, stdout.includes(password), await isOf(stdout, password)]).toEqual([
      0,
      true,
      false,
      true,
    ]);
    expect(run([]).stdout).not.toBe(stdout);
  });

  it('takes one of standard input, which it shows nowhere', async () => {
    const { status, stdout, stderr } = run(['--stdin'], 'correct horse battery\nmore\n');
    expect([status, stderr, await isOf(stdout, 'correct horse battery')]).toEqual([0, '', true]);
  });

  it.each([
    [['--stdin'], 'short\n', 'at least 12 characters'],
    [['--password', 'x'], '', "Unknown option '--password'; npm run -s password -- --help lists the flags"],
    [['word'], '', 'npm run -s password'],
  ])('refuses %j with %j, and says how it is called', (args, input, says) => {
    const { status, stdout, stderr } = run(args, input);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });
});
