import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.storageQueue('webhooks-let-go', {
  queueName: 'webhook-deliveries-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message) => composed().messages['webhooks-let-go'](message),
});
