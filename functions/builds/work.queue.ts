import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('builds-work', {
  queueName: 'build-runs',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['builds-work'](message),
});
