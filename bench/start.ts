import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './compare.ts';
import type { Figure } from './compare.ts';

const rounds = 9;

/** The package of `npm run build`: from its import until its functions are registered, each time in a process of its own. */
export async function benchStart(): Promise<Figure[]> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../build.ts', import.meta.url))]);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const child = fork(new URL('import-process.ts', import.meta.url));
    const [ms] = (await once(child, 'message')) as [number];
    times.push(ms);
    await once(child, 'exit');
  }
  return [{ name: 'from import to registered', value: `${median(times).toFixed(0)} ms (${times.map((ms) => ms.toFixed(0)).join(' ')})` }];
}
