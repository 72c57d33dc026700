import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// `npm test`: everything that needs npm alone. Arguments go to vitest: `npm test -- test/shared`.
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const child = spawn(
  process.execPath,
  ['--disable-warning=ExperimentalWarning', vitest, 'run', ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
process.on('disconnect', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
