import type { ReadLastPulls } from '../../../core/ports/pulls.ts';
import type { BinPorts } from '../ports.ts';

/** What policies need of the world beside what the bin needs. */
export interface PolicyPorts extends BinPorts {
  readonly lastPulls: ReadLastPulls;
}
