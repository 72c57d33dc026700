import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a client and gives what it printed. Rejects with its own words when it fails. `env` comes on top of this
 * process's own.
 */
export async function command(
  program: string,
  args: readonly string[],
  { env, ...options }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], {
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, ...env },
      ...options,
    });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(`${program} ${args.join(' ')}\n${stderr ?? message}`, { cause: error });
  }
}
