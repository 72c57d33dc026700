import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { CosmosEmulatorOptions } from './emulator.ts';

const ready = z.object({ endpoint: z.string(), readEndpoints: z.array(z.string()), key: z.string() });

export interface SpawnedCosmosEmulator extends z.infer<typeof ready> {
  readonly process: ChildProcess;
  /** Ends the process in order. */
  stop(): Promise<void>;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The emulator process has no output.');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
  if (line === undefined) throw new Error('The emulator process ended before it was ready.');
  return line;
}

/** Starts the emulator in a process of its own, so that it and its client do not share one thread. */
export async function spawnCosmosEmulator(options: Omit<CosmosEmulatorOptions, 'now'>): Promise<SpawnedCosmosEmulator> {
  const program = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const started = ready.parse(JSON.parse(await firstLine(child)));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  return { ...started, process: child, stop };
}
