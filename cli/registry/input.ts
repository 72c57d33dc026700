import { open } from 'node:fs/promises';
import { usageFailure } from '../failure.ts';
import { harmless } from '../text/harmless.ts';
import type { World } from '../world.ts';

/** Reads the JSON of a thing from the standard input. The registry says what is wrong with its properties. */
export async function readJsonInput<Body>(world: World, example: string): Promise<Body> {
  if (world.canAsk) throw usageFailure(`pipe the JSON to the command, as in ${world.call} ${example}`);
  const text = await world.readInput();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageFailure(`the standard input is not JSON: send an object, as in ${world.call} ${example}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw usageFailure(`the standard input is JSON but no object: send one, as in ${world.call} ${example}`);
  return value as Body;
}

/** Reads a small file that a flag names. A longer one is refused before it is read. */
export async function readSmallFile(path: string, mostBytes: number): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw usageFailure(`${harmless(path)} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw usageFailure(`${harmless(path)} is no file`);
    if (found.size > mostBytes)
      throw usageFailure(`${harmless(path)} has ${found.size} bytes, and at most ${mostBytes} are taken`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
