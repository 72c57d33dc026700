import { compose } from '../shared/compose.ts';
import type { Longshore } from '../shared/compose.ts';
import { parseConfig } from '../shared/config.ts';

let longshore: Longshore | undefined;

/** The one object graph of this process, built from its environment at the first use. Throws `BadConfiguration`. */
export function composed(): Longshore {
  longshore ??= compose(parseConfig(process.env));
  return longshore;
}
