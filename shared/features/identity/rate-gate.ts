import type { RateGate } from '../../core/admission/gate.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RateLimits } from './ratelimits.ts';

/**
 * Counts a request against its budgets, and refuses it when one is empty: what is refused for want of rights costs the
 * registry nothing. To be told to log in costs nobody anything: every login begins with it, also behind an address that
 * others use up.
 */
export function rateGate(limits: RateLimits): RateGate {
  return {
    kind: 'rate',
    name: 'rate limits',
    ask({ request, identity, isServed }) {
      try {
        if (identity !== undefined) limits.take(request, identity, isServed);
        else if (isServed) limits.takeForStranger(request);
        return undefined;
      } catch (error) {
        if (error instanceof RegistryError && error.fault.is === 'too-many-requests')
          return { is: 'refused', fault: error.fault };
        throw error;
      }
    },
  };
}
