import type { ComposedLongshore } from '../shared/app/compose.ts';
import { compose } from '../shared/app/compose.ts';
import { parseConfig } from '../shared/app/config/config.ts';
import { invocationLog } from './invocation-log.ts';

let longshore: ComposedLongshore | undefined;

/**
 * Returns the one object graph of this process, built from its environment at the first use. Throws `BadConfiguration`.
 */
export function composed(): ComposedLongshore {
  longshore ??= compose(parseConfig(process.env), { logTo: invocationLog });
  return longshore;
}

/** Sends the counts of the graph, if there is one, before the process ends. */
export async function flushComposed(): Promise<void> {
  await longshore?.flush();
}
