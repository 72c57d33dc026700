import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from '../../local/command-line.ts';
import { runCommand } from '../../local/command-line.ts';
import { readSettings } from './settings.ts';
import { sheetOf } from './sheet.ts';

const command: Command = {
  call: 'npm run -s reference',
  does: "Writes docs/reference/configuration.md from the settings' schemas and the comments above them.",
  flags: { check: { says: 'writes no file, and ends with 1 if the page would change' } },
  example: 'npm run -s reference -- --check',
};
const root = fileURLToPath(new URL('../..', import.meta.url));
const path = `${root}docs/reference/configuration.md`;

async function run(isCheck: boolean): Promise<void> {
  const sheet = sheetOf(readSettings(root));
  if (!isCheck) await writeFile(path, sheet);
  else if ((await readFile(path, 'utf8')) !== sheet)
    throw new Error('docs/reference/configuration.md differs from the schemas: write it by npm run -s reference');
}

await runCommand(command, ({ values }) => values['check'] === true, run).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
