import { readFile, writeFile } from 'node:fs/promises';
import { measure } from './measure.ts';
import { sheetOf } from './sheet.ts';

// `npm run scale` writes docs/scale.md; with `--check` it says whether it is what would be written.
const path = new URL('../../docs/scale.md', import.meta.url);
const sheet = sheetOf(await measure());
if (!process.argv.includes('--check')) await writeFile(path, sheet);
else if ((await readFile(path, 'utf8')) !== sheet) {
  process.stderr.write('docs/scale.md is not what is measured now: npm run scale\n');
  process.exitCode = 1;
}
