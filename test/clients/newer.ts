import { existsSync } from 'node:fs';
import { command } from './command.ts';

/** The folder in which `.ci/newer-clients` has unpacked Debian 13's clients. */
const newerFolder = process.env.LONGSHORE_NEWER_CLIENTS ?? '/tmp/longshore-newer-clients';

/**
 * The command line that runs a program with Debian 13's `/usr` in the place of the machine's, for it and all that it
 * starts. In a mount namespace, so nobody else sees it.
 */
export function asNewer(program: string, args: readonly string[]): [string, ...string[]] {
  if (!existsSync(`${newerFolder}/usr/bin/skopeo`))
    throw new Error(
      `no clients in ${newerFolder}: run ".ci/newer-clients ${newerFolder}", or set LONGSHORE_NEWER_CLIENTS`,
    );
  return ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /usr && exec "$@"', `${newerFolder}/usr`, program, ...args];
}

/** Runs one to its end and gives what it printed. */
export function newer(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const [first, ...rest] = asNewer(program, args);
  return command(first, rest, options);
}
