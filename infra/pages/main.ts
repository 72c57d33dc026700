import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from '../../local/command-line.ts';
import { runCommand } from '../../local/command-line.ts';
import { wrapPage } from './wrap.ts';

const command: Command = {
  call: 'npm run -s pages',
  does: 'Wraps the prose of README, CONTRIBUTING, SECURITY and docs at 120 columns; code and tables stay as they are.',
  flags: { check: { says: 'writes no file, and ends with 1 if a page would change' } },
  example: 'npm run -s pages -- --check',
};
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Matches pages that other commands write. */
const made = /^docs\/(scale\.md|reference\/)/;

async function run(isCheck: boolean): Promise<void> {
  for (const page of globSync(['*.md', 'docs/**/*.md'], { cwd: root })) {
    if (made.test(page) || page === 'CHANGELOG.md') continue;
    const text = await readFile(root + page, 'utf8');
    const wrapped = wrapPage(text);
    if (wrapped === text) continue;
    process.stdout.write(`${page} ${isCheck ? 'is not wrapped: npm run -s pages' : 'was wrapped'}\n`);
    if (isCheck) process.exitCode = 1;
    else await writeFile(root + page, wrapped);
  }
}

await runCommand(command, ({ values }) => values['check'] === true, run);
