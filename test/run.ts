import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// `npm test`: everything that needs npm alone, but what takes long (vitest.config.ts). Arguments go to vitest, and then
// it looks for their files in every project: `npm test -- test/shared`.
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const given = process.argv.slice(2);
const isNamed = given.some((argument) => !argument.startsWith('-') || argument.startsWith('--project'));
const projects = isNamed ? [] : ['--project=unit', '--project=stack', '--project=alone'];
const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', vitest, 'run', ...projects, ...given], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
process.on('disconnect', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
