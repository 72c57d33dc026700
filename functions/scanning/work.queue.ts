import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('scanning-work', {
  queueName: 'scans',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['scanning-work'](message),
});
