import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { writeApiTypes } from './api-types.ts';

/**
 * `npm run typecheck`: makes the types of the API, then checks the program, which runs on Node, beside the portal's
 * sources, which run in a browser and know its types instead. Arguments are tsc's.
 */
const projects = ['.', 'portal/src'];
const root = fileURLToPath(new URL('..', import.meta.url));

await writeApiTypes();
const codes = await Promise.all(
  projects.map(async (project) => {
    const tsc = ['node_modules/typescript/bin/tsc', '--noEmit', '-p', project, ...process.argv.slice(2)];
    const [code] = (await once(spawn(process.execPath, tsc, { cwd: root, stdio: 'inherit' }), 'exit')) as [
      number | null,
    ];
    return code;
  }),
);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
