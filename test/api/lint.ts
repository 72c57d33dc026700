import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { writeDocument } from './document.ts';

// `npm run lint:api`: what Redocly's recommended rules say of the API's document, warnings too.
const cli = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
const root = join(import.meta.dirname, '../..');
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [cli, 'lint', '--format=stylish', await writeDocument()],
  {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  },
);
console.log(`${stdout}${stderr}`.trim());
const isClean = status === 0 && !/\b(warning|error)s?\b/.test(stdout.replaceAll(/\b0 (warnings?|errors?)\b/g, ''));
process.exitCode = isClean ? 0 : 1;
