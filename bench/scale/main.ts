import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from '../../local/command-line.ts';
import { runCommand } from '../../local/command-line.ts';
import { measure } from './measure.ts';
import { sheetOf } from './sheet.ts';

const command: Command = {
  call: 'npm run scale',
  does: 'Writes docs/scale.md: the limits of Azure that are met first, and the costs, computed from calls counted here.',
  flags: { check: { says: 'writes nothing, and ends with 1 where the page is not what would be written' } },
  example: 'npm run scale -- --check',
};
const path = new URL('../../docs/scale.md', import.meta.url);

async function run(isCheck: boolean): Promise<void> {
  const sheet = sheetOf(await measure());
  if (!isCheck) await writeFile(path, sheet);
  else if ((await readFile(path, 'utf8')) !== sheet) {
    process.stderr.write('docs/scale.md is not what is measured now: npm run scale\n');
    process.exitCode = 1;
  }
}

await runCommand(command, ({ values }) => values['check'] === true, run);
