import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

// Sign-in and sign-out are below this path too, and change something.
app.http('portal', { route: 'ui/{*path}', methods: allMethods, authLevel: 'anonymous', handler: httpHandler });
