import { defined } from '../../core/documents/defined.ts';
import { StoreFailure } from '../../core/ports/failures.ts';

/** The services of a storage account. */
type Service = 'blobs' | 'queues';

interface StorageAnswer {
  readonly status: number | undefined;
  /** The code of https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
  readonly errorCode: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/**
 * Reads a storage SDK's `RestError`; all is undefined for any other error. The code is read from the header, because
 * HEAD has no body.
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
 * Makes the error of an answer that is no outcome: `TypeError` for a request that could never be accepted, else
 * `StoreFailure`.
 */
export function storageFailure(dependency: Service, call: string, cause: unknown): StoreFailure | TypeError {
  const { status, errorCode, retryAfterMs } = storageAnswer(cause);
  const message = `${call}: ${String(status ?? 'no answer')} ${errorCode ?? (cause as Error).message}`;
  // The store received other bytes than we sent: nothing is wrong with the request.
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
