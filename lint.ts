import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { writeApiTypes } from './local/api-types.ts';

/**
 * `npm run lint`: ESLint, whether everything is formatted by Prettier, whether a file, an export or a dependency is used
 * by nothing (knip), and whether an import closes a circle. One that fails hides no other. Arguments are ESLint's, as in
 * `npm run lint -- --max-warnings 0`.
 */
const checks: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['eslint', 'eslint/bin/eslint.js', '.', ...process.argv.slice(2)],
  ['prettier', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ['knip', 'knip/bin/knip.js', '--no-progress'],
  ['architecture', 'vitest/vitest.mjs', 'run', 'test/architecture.test.ts', '--reporter=dot'],
];

// ESLint's rules go by types, those of the API among them.
await writeApiTypes();
const failed = checks.filter(([, program, ...args]) => {
  const path = fileURLToPath(new URL(`node_modules/${program}`, import.meta.url));
  const { status, error } = spawnSync(process.execPath, [path, ...args], { stdio: 'inherit' });
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  return status !== 0;
});
if (failed.length > 0) process.stderr.write(`lint: ${failed.map(([name]) => name).join(', ')} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
