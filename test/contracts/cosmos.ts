import type { PartitionKeyDefinition } from '@azure/cosmos';
import { CosmosClient, PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import type { CosmosEmulator, CosmosEmulatorOptions } from '../../emulators/cosmos/emulator.ts';
import { startCosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import layout from '../../infra/cosmos-containers.json' with { type: 'json' };

export const { database } = layout;

/** The project's emulator, in memory, with the containers that Bicep makes in Azure. */
export async function startDocuments(options: Partial<CosmosEmulatorOptions> = {}): Promise<CosmosEmulator> {
  const emulator = await startCosmosEmulator({ path: ':memory:', ...options });
  const client = new CosmosClient({ endpoint: emulator.endpoint, key: emulator.key });
  const { database: created } = await client.databases.create({ id: database });
  for (const { name, partitionKey, defaultTtl } of layout.containers) {
    await created.containers.create({ id: name, partitionKey: keyDefinition(partitionKey), defaultTtl });
  }
  client.dispose();
  return emulator;
}

function keyDefinition(paths: string[]): PartitionKeyDefinition {
  return {
    paths,
    version: PartitionKeyDefinitionVersion.V2,
    kind: paths.length === 1 ? PartitionKeyKind.Hash : PartitionKeyKind.MultiHash,
  };
}
