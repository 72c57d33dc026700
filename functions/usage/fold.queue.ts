import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('usage-fold', {
  queueName: 'usage-pulls',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['usage-fold'](message),
});
