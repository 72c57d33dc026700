import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };

/** The scripts that run a program of another project; its own help is shown. */
const ofOthers = ['test', 'mutate', 'lint', 'lint:api', 'format', 'typecheck', 'knip'];

/** Each command with a flag that its help must list. */
const flags: Readonly<Record<string, string>> = {
  start: '--port VALUE',
  services: '--state VALUE',
  bench: '--help',
  scale: '--check',
  reference: '--check',
  pages: '--check',
  doctor: '--receiver URL',
  password: '--stdin',
  deploy: '--resource-group NAME',
  sample: '--help',
  bases: '--build-arg NAME=VALUE …',
  longshore: '-r, --registry HOST',
  portal: '--help',
  build: '--help',
};

async function run(name: string, ...args: string[]) {
  const [, program = ''] = /local\/bootstrap\.mjs (?:--\S+ )*(\S+)$/.exec(scripts[name] ?? '') ?? [];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', root + program, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

describe('the commands of package.json', () => {
  it('are all in this table, but for those of other projects', () => {
    expect(Object.keys(flags).toSorted()).toEqual(
      Object.keys(scripts)
        .filter((name) => !ofOthers.includes(name))
        .toSorted(),
    );
  });

  it.each(Object.entries(flags))(
    'npm run %s -- --help shows usage, flags and an example, and does nothing else',
    async (name, flag) => {
      const { stdout, stderr, code } = await run(name, '--help');
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      expect(stdout).toMatch(new RegExp(`^usage: npm (run (-s )?)?${name} -- .*\\n\\n[A-Z].*\\.\\n\\n`));
      expect(stdout).toContain(`  ${flag} `);
      expect(stdout).toMatch(/\nexample: npm (run|start).*\n$/);
    },
    60_000,
  );

  it.each(Object.keys(flags))(
    'npm run %s names a flag that it does not have, and says where they are listed',
    async (name) => {
      const { stdout, stderr, code } = await run(name, '--wrong');
      expect({ stdout, hasFailed: code !== 0 }).toEqual({ stdout: '', hasFailed: true });
      expect(stderr).toContain('--wrong');
      expect(stderr).toContain('-- --help lists the flags');
    },
    60_000,
  );
});
