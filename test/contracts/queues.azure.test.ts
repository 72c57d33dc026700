import { setTimeout as sleep } from 'node:timers/promises';
import { QueueServiceClient } from '@azure/storage-queue';
import { azureQueues } from '../../shared/adapters/azure/queues.ts';
import { startStorage } from './azurite.ts';
import { queuesContract } from './queues.contract.ts';

queuesContract('Azure SDK on Azurite', async () => {
  const { connectionString, stop } = await startStorage();
  const service = QueueServiceClient.fromConnectionString(connectionString);
  let queues = 0;
  return {
    queues: azureQueues({ connectionString }),
    async newQueue() {
      queues += 1;
      await service.createQueue(`queue-${queues}`);
      return `queue-${queues}`;
    },
    async receive(queue) {
      const { receivedMessageItems } = await service.getQueueClient(queue).receiveMessages({ numberOfMessages: 32 });
      return receivedMessageItems.map(({ messageText, dequeueCount }) => {
        const message: unknown = JSON.parse(Buffer.from(messageText, 'base64').toString());
        return { message, dequeueCount };
      });
    },
    elapse: (milliseconds) => sleep(milliseconds),
    stop,
  };
});
