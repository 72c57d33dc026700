import type { RequestFault } from '../../core/oci/faults.ts';

/** Why a gate does not let something be deleted: by which attribute, or for another reason in words. */
export interface Refusal {
  readonly locked?: string;
  readonly refused?: string;
}

/** As a judgement is told of it. */
export function refusalIn(fault: RequestFault | undefined): Refusal {
  if (fault === undefined) return {};
  if (fault.is === 'disallowed') return { locked: fault.attribute };
  return { refused: fault.is === 'denied' ? fault.why : `it is refused: ${fault.is}` };
}
