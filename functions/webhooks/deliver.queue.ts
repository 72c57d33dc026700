import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('webhooks-deliver', {
  queueName: 'webhook-deliveries',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['webhooks-deliver'](message),
});
