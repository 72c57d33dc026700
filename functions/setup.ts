import { app } from '@azure/functions';
import { keepWireHeaders } from './wire-headers.ts';

// Without it a chunked body arrives empty, and whole bodies are copied through the host's memory.
app.setup({ enableHttpStream: true });
keepWireHeaders();
