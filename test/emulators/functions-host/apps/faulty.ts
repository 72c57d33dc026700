import { app, output, trigger } from '@azure/functions';

app.http('fine', { methods: ['GET'], handler: () => ({ body: 'fine' }) });
app.storageBlob('on-blob', { path: 'in/{name}', connection: 'Work', handler: () => undefined });
app.storageQueue('with-output', {
  queueName: 'q',
  connection: 'Work',
  extraOutputs: [output.storageQueue({ queueName: 'out', connection: 'Work' })],
  handler: () => undefined,
});
app.generic('by-type', { trigger: trigger.generic({ type: 'fancyTrigger' }), handler: () => undefined });
