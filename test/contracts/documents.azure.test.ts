import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { database, startDocuments } from './cosmos.ts';
import { documentsContract } from './documents.contract.ts';

documentsContract('Azure SDK on the emulator', async () => {
  let aheadMs = 0;
  const emulator = await startDocuments({ now: () => Date.now() + aheadMs });
  const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  return {
    documents,
    elapse: (milliseconds) => {
      aheadMs += milliseconds;
      return Promise.resolve();
    },
    async stop() {
      documents.dispose();
      await emulator.stop();
    },
  };
});
