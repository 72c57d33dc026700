import { usageFailure } from '../failure.ts';
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
