import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../oci/faults.ts';

const patience = 40;
const longestWaitMs = 200;

/**
 * Repeats an optimistic write until nobody else wrote in between. `attempt` returns `undefined` if its conditions no
 * longer held. The waits grow and are random, so that many pushes of one tag spread out. Throws `RegistryError`
 * (`contended`).
 */
export async function untilUncontended<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < patience; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await sleep(Math.random() * Math.min(longestWaitMs, 2 ** tries * 5));
  }
  throw new RegistryError({ is: 'contended', what });
}
