import type { Cause } from '../events/envelope.ts';
import type { Caller } from '../ports/authorize.ts';

/** Makes the cause of a request's events. */
export function causeOf(request: Request, host: string, requestId: string, caller: Caller): Cause {
  return {
    request: { id: requestId, host, method: request.method, useragent: request.headers.get('user-agent') ?? '' },
    actor: { name: caller.actor },
  };
}
