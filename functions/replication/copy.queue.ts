import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('replication-copy', {
  queueName: 'replication-copies',
  connection: 'AzureWebJobsStorage',
  handler: () => composed().messages['replication-copy'](),
});
