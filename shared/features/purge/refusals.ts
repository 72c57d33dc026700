import type { RequestFault } from '../../core/oci/faults.ts';

/** The reason why a gate forbids a deletion: an attribute, or other words. */
export interface Refusal {
  readonly locked?: string;
  readonly refused?: string;
}

/** Returns the refusal as a judgement shows it. */
export function refusalIn(fault: RequestFault | undefined): Refusal {
  if (fault === undefined) return {};
  if (fault.is === 'disallowed') return { locked: fault.attribute };
  return { refused: fault.is === 'denied' ? fault.why : `a gate refuses it: ${fault.is}` };
}
