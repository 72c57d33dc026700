import { readFileSync } from 'node:fs';
import { CosmosClient, PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { z } from 'zod';
import { moveRenamed } from './moved-containers.ts';
import { renameDue } from './renamed-due.ts';

const containersSchema = z.object({
  database: z.string(),
  containers: z.array(
    z.object({ name: z.string(), partitionKey: z.array(z.string()).min(1).max(3), defaultTtl: z.int() }),
  ),
});

const queuesSchema = z.object({ queues: z.array(z.string()) });

/** Reads the file that Bicep reads too. */
export function readContainers(): z.infer<typeof containersSchema> {
  return containersSchema.parse(
    JSON.parse(readFileSync(new URL('../../infra/cosmos-containers.json', import.meta.url), 'utf8')),
  );
}

/**
 * Makes what Bicep makes in Azure: the app itself never creates a container. The first account is the region's own,
 * with the queues.
 */
export async function provision(
  cosmos: { endpoint: string; key: string },
  storageAccounts: readonly [string, ...string[]],
  blobContainers: readonly string[],
  progress: (line: string) => void = () => undefined,
): Promise<void> {
  await Promise.all([
    provisionCosmos(cosmos, progress),
    provisionQueues(storageAccounts[0]),
    ...storageAccounts.map((connection) => provisionBlobs(connection, blobContainers)),
  ]);
}

/** Makes the containers as Bicep does, and moves what an earlier version made otherwise. */
export async function provisionCosmos(
  cosmos: { endpoint: string; key: string },
  progress: (line: string) => void,
): Promise<void> {
  const client = new CosmosClient(cosmos);
  const { database: id, containers } = readContainers();
  const { database } = await client.databases.createIfNotExists({ id });
  const like = (name: string) => containers.find((each) => each.name === name);
  const make = async (of: string, name: string) => {
    const { partitionKey: paths = [], defaultTtl = -1 } = like(of) ?? {};
    const kind =
      paths.length === 1
        ? { kind: PartitionKeyKind.Hash }
        : { kind: PartitionKeyKind.MultiHash, version: PartitionKeyDefinitionVersion.V2 };
    await database.containers.createIfNotExists({ id: name, partitionKey: { paths, ...kind }, defaultTtl });
  };
  await moveRenamed(database, make, progress);
  for (const { name } of containers) await make(name, name);
  await renameDue(database, (name) => like(name)?.partitionKey ?? [], progress);
  client.dispose();
}

async function provisionQueues(connectionString: string): Promise<void> {
  const { queues } = queuesSchema.parse(
    JSON.parse(readFileSync(new URL('../../infra/storage-queues.json', import.meta.url), 'utf8')),
  );
  const client = QueueServiceClient.fromConnectionString(connectionString);
  await Promise.all(queues.map((name) => client.getQueueClient(name).createIfNotExists()));
}

async function provisionBlobs(connectionString: string, containers: readonly string[]): Promise<void> {
  const client = BlobServiceClient.fromConnectionString(connectionString);
  await Promise.all(containers.map((name) => client.getContainerClient(name).createIfNotExists()));
}
