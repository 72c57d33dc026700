import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { devstoreAccount } from '../../local/azurite/accounts.ts';
import { startAzurite } from '../../local/azurite/start.ts';

export interface TestStorage {
  readonly connectionString: string;
  /** A blob container that exists. */
  readonly container: string;
  readonly stop: () => Promise<void>;
}

/** An Azurite of its own, gone with its data at the end. */
export async function startStorage(): Promise<TestStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-azurite-'));
  const azurite = await startAzurite({ folder, blobPort: 0, queuePort: 0 });
  const connectionString = azurite.connectionString(devstoreAccount.name);
  const container = 'blobs';
  await BlobServiceClient.fromConnectionString(connectionString).createContainer(container);
  return {
    connectionString,
    container,
    async stop() {
      await azurite.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
