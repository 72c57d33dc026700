import type { TokenCredential } from '@azure/identity';

/** The address of a storage account's service: a connection string, or `https://account.blob.…` with an identity. */
export type StorageSettings =
  { readonly connectionString: string } | { readonly endpoint: string; readonly credential: TokenCredential };

/**
 * Makes the options of a storage client: three tries, 0 s and 0.5 s apart. There is no `tryTimeoutInMs`: it would ask
 * the server to break off a download that takes longer, and for the rest the server's own default is short enough
 * (https://learn.microsoft.com/rest/api/storageservices/setting-timeouts-for-blob-service-operations). Sockets are kept
 * alive and unlimited in number, which is the SDK's own default. Each client gets a new object: that of the queues
 * writes its own `tryTimeoutInMs` into it.
 */
export function storagePipeline() {
  return { retryOptions: { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 2_000 } };
}

/** The seconds of one call of the SDK, retries included. */
export const usualSeconds = 60;
