import type { Context } from 'hono';
import type { Cause } from '../events/envelope.ts';
import type { Caller } from '../ports/authorize.ts';
import { targetOf } from './target.ts';

/** Makes the cause of a request's events. */
export function causeOf(request: Request, host: string, requestId: string, caller: Caller): Cause {
  return {
    request: { id: requestId, host, method: request.method, useragent: request.headers.get('user-agent') ?? '' },
    actor: { name: caller.actor },
  };
}

/** Makes the cause of a request of the management API, whose caller `requireManagement` has identified. */
export function causeIn(context: Context): Cause {
  const caller = context.get('caller') as Caller;
  return causeOf(context.req.raw, targetOf(context.req.url).host, String(context.get('requestId')), caller);
}
