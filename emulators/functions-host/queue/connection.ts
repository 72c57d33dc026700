import type { TokenCredential } from '@azure/identity';
import { QueueServiceClient } from '@azure/storage-queue';

/**
 * The queue account behind a trigger's `connection`: the setting of that name is a connection string, or
 * `<name>__queueServiceUri` names the account. A URI with a SAS is used as it is, any other with the identity of the
 * process. Rejects when neither is set.
 */
export async function queueAccount(
  connection: string,
  env: Record<string, string | undefined>,
): Promise<QueueServiceClient> {
  // The host looks for the prefixed name first, so that `Storage` may be set as AzureWebJobsStorage.
  for (const name of [`AzureWebJobs${connection}`, connection]) {
    const connectionString = env[name];
    if (connectionString) return QueueServiceClient.fromConnectionString(connectionString);
    const uri = env[`${name}__queueServiceUri`];
    if (uri)
      return new URL(uri).searchParams.has('sig')
        ? new QueueServiceClient(uri)
        : new QueueServiceClient(uri, await processIdentity());
  }
  throw new Error(
    `The queue connection "${connection}" is not set: set ${connection} or ${connection}__queueServiceUri.`,
  );
}

// Loaded where it is needed: it is half a second of a start that mostly talks to Azurite.
async function processIdentity(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
}
