import { app } from '@azure/functions';
import { flushComposed } from './composed.ts';
import { watchForwardedRequests } from './forwarded-requests.ts';

// Without it a chunked body arrives empty, and whole bodies are copied through the host's memory.
app.setup({ enableHttpStream: true });
watchForwardedRequests();
// What was counted and not sent yet would end with the instance.
app.hook.appTerminate(flushComposed);
