import { app } from '@azure/functions';
import { watchForwardedRequests } from './forwarded-requests.ts';

// Without it a chunked body arrives empty, and whole bodies are copied through the host's memory.
app.setup({ enableHttpStream: true });
watchForwardedRequests();
