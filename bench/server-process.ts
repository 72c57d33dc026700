import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchServer, ServerKind } from './http-server.ts';

export interface RunningServer {
  readonly pid: number;
  readonly server: BenchServer;
  /** Returns the processor time that it has used, in microseconds. */
  cpu(): Promise<number>;
  stop(): void;
}

/** Starts a server in a process of its own, so that it and its load do not share one thread. */
export async function start(kind: ServerKind, ...more: string[]): Promise<RunningServer> {
  return startProgram(new URL('http-server.ts', import.meta.url), [kind, ...more]);
}

export async function startProgram(program: URL, args: readonly string[]): Promise<RunningServer> {
  const child = fork(program, args, { execArgv: [...process.execArgv, '--max-semi-space-size=1'] });
  const [server] = (await once(child, 'message')) as [BenchServer];
  const cpu = async () => {
    child.send('cpu');
    const [used] = (await once(child, 'message')) as [number];
    return used;
  };
  return { pid: child.pid ?? 0, server, cpu, stop: () => void child.kill() };
}
