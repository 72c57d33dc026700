import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Longshore {
  /** The folder with `longshore` and `docker-credential-longshore`, for a PATH. */
  readonly bin: string;
  run(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Ran>;
  /** Starts it, for what is interrupted or piped. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams;
}

/** Builds the package and installs its command as `npm install --global ./dist/cli` does, below a folder. */
export async function installLongshore(folder: string, env: Readonly<Record<string, string>>): Promise<Longshore> {
  const [dist, prefix] = [join(folder, 'dist'), join(folder, 'prefix')];
  await mkdir(prefix, { recursive: true });
  await command(process.execPath, [join(root, 'build.ts'), dist]);
  await command('npm', [
    'install',
    '--global',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--prefix',
    prefix,
    join(dist, 'cli'),
  ]);
  const bin = join(prefix, 'bin');
  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    spawn(join(bin, 'longshore'), [...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env, ...more },
      stdio: 'pipe',
    });
  return {
    bin,
    start,
    async run(args, { input = '', env: more = {} } = {}) {
      const child = start(args, more);
      child.stdin.end(input);
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      return { code, out, err };
    },
  };
}
