import type { ErrorResponse } from '@azure/cosmos';
import { defined } from '../../core/documents/defined.ts';
import { StoreFailure } from '../../core/ports/failures.ts';

/** The statuses of https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb */
export const status = {
  badRequest: 400,
  notFound: 404,
  conflict: 409,
  preconditionFailed: 412,
  tooLarge: 413,
  dependent: 424,
  throttled: 429,
} as const;

export interface CosmosAnswer {
  readonly code: number | string | undefined;
  readonly substatus: number | undefined;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** Reads an error of the SDK: an answer of the service, or the fault of a connection. */
export function answerOf(error: unknown): CosmosAnswer {
  const { code, substatus, message, retryAfterInMs } = error as Partial<ErrorResponse>;
  return { code, substatus, message: message ?? String(error), retryAfterMs: retryAfterInMs };
}

/**
 * Says whether an item is absent. A 404 says so only without a sub-status: 1002 is a lagging replica, 1003 a missing
 * container.
 */
export function isAbsent({ code, substatus }: Pick<CosmosAnswer, 'code' | 'substatus'>): boolean {
  return code === status.notFound && (substatus === undefined || substatus === 0);
}

/**
 * Makes the error of an answer that is no outcome: `TypeError` for a request that no state of the store could accept,
 * else `StoreFailure`.
 */
export function documentsFailure(answer: CosmosAnswer, call: string, cause?: unknown): StoreFailure | TypeError {
  const message = `${call}: ${String(answer.code ?? 'no answer')} ${answer.message}`;
  if (answer.code === status.badRequest || answer.code === status.tooLarge) return new TypeError(message, { cause });
  return new StoreFailure({
    dependency: 'documents',
    kind: answer.code === status.throttled ? 'throttled' : 'unavailable',
    message,
    ...defined({ retryAfterMs: answer.retryAfterMs }),
    cause,
  });
}
