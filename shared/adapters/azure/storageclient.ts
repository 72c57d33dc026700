import type { TokenCredential } from '@azure/identity';

/**
 * How to reach one of a storage account's services: by connection string, or at `https://account.blob.…` with an
 * identity.
 */
export type StorageSettings =
  { readonly connectionString: string } | { readonly endpoint: string; readonly credential: TokenCredential };

/**
 * Three tries, 0 s and 0.5 s apart. No `tryTimeoutInMs`: it would ask the server to break off a download that takes
 * longer, and for the rest the server's own default is short enough
 * (https://learn.microsoft.com/rest/api/storageservices/setting-timeouts-for-blob-service-operations). Sockets are kept
 * alive and unlimited in number: the SDK's own default. A new object for each client: that of the queues writes its own
 * `tryTimeoutInMs` into what it is given.
 */
export function storagePipeline() {
  return { retryOptions: { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 2_000 } };
}

/** Of one call of the SDK, retries included. */
export const usualSeconds = 60;
