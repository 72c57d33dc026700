import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ran {
  /** The exit code; `absent` when there is no such program. */
  readonly code: number | 'absent';
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; it never rejects for what the program does. */
export type Run = (command: string, args: readonly string[]) => Promise<Ran>;

/** Thrown to stop a deployment: the message says what failed, and what to do next. */
export class DeployFailure extends Error {
  override readonly name = 'DeployFailure';
}

/**
 * Runs a program. Secrets reach `az` by the environment alone: everyone on the machine may read the arguments of a
 * process.
 */
export const runProgram: Run = async (command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  const ended = new Promise<number | 'absent'>((resolve) => {
    child.on('error', () => resolve('absent'));
    child.on('close', (code) => resolve(code ?? 1));
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
};
