import { setTimeout as sleep } from 'node:timers/promises';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { database, startDocuments } from './cosmos.ts';
import { regionContract } from './region.contract.ts';

regionContract('Azure SDK on the emulator', async () => {
  const lagMs = 600;
  const emulator = await startDocuments({ region: 'West', readRegions: [{ name: 'East', lagMs }] });
  const settings = { endpoint: emulator.endpoint, key: emulator.key, database };
  const write = azureDocuments(settings);
  const near = azureDocuments({ ...settings, preferredRegions: ['East', 'West'], consistency: 'Eventual' });
  return {
    write,
    near,
    lagMs,
    elapse: (milliseconds) => sleep(milliseconds),
    async stop() {
      write.dispose();
      near.dispose();
      await emulator.stop();
    },
  };
});
