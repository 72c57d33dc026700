import { fileURLToPath } from 'node:url';
import type { Command } from '../local/command-line.ts';
import { runCommand } from '../local/command-line.ts';
import { overBudget, sizesOf, sizeTable } from './budget.ts';
import { bundlePortal, sourcesHash, writePortal } from './build.ts';

const command: Command = {
  call: 'npm run portal',
  does: 'Builds the portal that the registry serves at /ui/, and shows what a browser has to load.',
  takes: '[FOLDER]',
  flags: {},
  notes: ['The folder is dist/portal unless another is named. What is over its budget makes the build fail.'],
  example: 'npm run portal',
};

async function run(folder: string): Promise<void> {
  const [built, hash] = await Promise.all([bundlePortal(), sourcesHash()]);
  const sizes = sizesOf(built);
  process.stdout.write(sizeTable(sizes));
  const over = overBudget(sizes);
  if (over.length > 0) throw new Error(`the portal is too large: ${over.join('; ')}`);
  await writePortal(built, folder, hash);
}

const usual = fileURLToPath(new URL('../dist/portal', import.meta.url));
await runCommand(command, ({ positionals: [folder = usual] }) => folder, run);
