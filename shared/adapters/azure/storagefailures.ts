import { defined } from '../../core/documents/defined.ts';
import { StoreFailure } from '../../core/ports/failures.ts';

/** Service: one of the two of a storage account. */
type Service = 'blobs' | 'queues';

interface StorageAnswer {
  readonly status: number | undefined;
  /** https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
  readonly errorCode: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/**
 * What a storage SDK's `RestError` says; all undefined for any other error. The code is read from the header: HEAD has
 * no body.
 */
export function storageAnswer(error: unknown): StorageAnswer {
  const { statusCode, response } = error as {
    statusCode?: number;
    response?: { headers: { get(name: string): string | undefined } };
  };
  const seconds = Number(response?.headers.get('retry-after'));
  return {
    status: statusCode,
    errorCode: response?.headers.get('x-ms-error-code'),
    retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
  };
}

/**
 * What to throw for an answer that is no outcome: `TypeError` for a request that could never be accepted, else
 * `StoreFailure`.
 */
export function storageFailure(dependency: Service, call: string, cause: unknown): StoreFailure | TypeError {
  const { status, errorCode, retryAfterMs } = storageAnswer(cause);
  const message = `${call}: ${String(status ?? 'no answer')} ${errorCode ?? (cause as Error).message}`;
  // What came is not what we sent: nothing is wrong with the request.
  const garbled = errorCode === 'Md5Mismatch';
  if ((status === 400 && !garbled) || status === 413) return new TypeError(message, { cause });
  const throttled = status === 429 || status === 503;
  return new StoreFailure({
    dependency,
    kind: throttled ? 'throttled' : 'unavailable',
    message,
    ...defined({ retryAfterMs }),
    cause,
  });
}
