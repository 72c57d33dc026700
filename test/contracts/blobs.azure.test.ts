import { azureBlobs } from '../../shared/adapters/azure/blobs.ts';
import { startStorage } from './azurite.ts';
import { blobsContract } from './blobs.contract.ts';

blobsContract('Azure SDK on Azurite', async () => {
  const { connectionString, container, stop } = await startStorage();
  return {
    blobs: azureBlobs({ connectionString, container }),
    async fetchSigned(url) {
      const response = await fetch(url);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return response.ok ? bytes : undefined;
    },
    stop,
  };
});
