import { app } from '@azure/functions';
import { giveWay } from '../shared/core/http/give-way.ts';
import { flushComposed } from './composed.ts';

// Without it a chunked body arrives empty, and whole bodies are copied through the host's memory.
app.setup({ enableHttpStream: true });
// What was counted and not sent yet would end with the instance.
app.hook.appTerminate(flushComposed);
// Handlers of events and messages share the process with requests, and nobody waits for them. Requests have turns of
// their own.
app.hook.preInvocation(async ({ invocationContext }) => {
  if (invocationContext.options.trigger.type !== 'httpTrigger') await giveWay.turn('events');
});
