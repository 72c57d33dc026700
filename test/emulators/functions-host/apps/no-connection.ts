import { app } from '@azure/functions';

app.storageQueue('orphan', { queueName: 'q', connection: 'Missing', handler: () => undefined });
