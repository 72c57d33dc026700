import { BlobServiceClient } from '@azure/storage-blob';
import type { DeadLetterSink } from './dead-letter.ts';

/**
 * Writes dead letters to a storage account. The container is created when it is missing: in Azure the templates do
 * that, and a local stack has nothing else that would.
 */
export function blobDeadLetterSink(connectionString: string): DeadLetterSink {
  const storage = BlobServiceClient.fromConnectionString(connectionString);
  return async ({ container, name, body }) => {
    const client = storage.getContainerClient(container);
    await client.createIfNotExists();
    await client.getBlockBlobClient(name).upload(body, Buffer.byteLength(body), {
      blobHTTPHeaders: { blobContentType: 'application/json' },
    });
  };
}
