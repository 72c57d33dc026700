import type { ClientAddress } from '../../core/http/client-address.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { LimitStrangers } from '../../core/ports/strangers.ts';
import type { FailedAttempts } from './attempts.ts';
import type { RateLimits } from './ratelimits.ts';

/**
 * Limits callers at doors with secrets of their own, who share failures and budgets with those who guess at passwords.
 */
export function limitStrangers(
  attempts: FailedAttempts,
  limits: RateLimits | undefined,
  addressOf: ClientAddress,
): LimitStrangers {
  const attemptOf = (request: Request, door: string) => ({
    kind: 'door' as const,
    name: `door ${door}`,
    address: addressOf(request),
  });
  return {
    requireTurn: (request, door) => attempts.requireTurn(attemptOf(request, door)),
    takeLookup: (request) => limits?.takeLookup(request, 'door'),
    failed(request, door) {
      try {
        attempts.failed(attemptOf(request, door));
        limits?.countRefused(request);
      } catch (error) {
        // The request is refused anyway, or has better credentials: the next one waits.
        if (!(error instanceof RegistryError)) throw error;
      }
    },
    succeeded: (request, door) => attempts.welcome(attemptOf(request, door)),
  };
}
