import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('usage-fold-again', {
  queueName: 'usage-pulls-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['usage-fold-again'](message),
});
