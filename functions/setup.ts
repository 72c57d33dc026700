import { app } from '@azure/functions';
import { giveWay } from '../shared/core/http/give-way.ts';
import { flushComposed } from './composed.ts';

// Without stream mode a chunked body arrives empty, and whole bodies are copied through the host's memory.
app.setup({ enableHttpStream: true });
// Counts that are not sent yet would be lost with the instance.
app.hook.appTerminate(flushComposed);
// Handlers of events and messages share the process with requests, and no client waits for them, so they give way.
// Requests are scheduled on their own.
app.hook.preInvocation(async ({ invocationContext }) => {
  if (invocationContext.options.trigger.type !== 'httpTrigger') await giveWay.turn('events');
});
