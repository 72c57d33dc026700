import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

app.http('registry', { route: 'v2/{*path}', methods: allMethods, authLevel: 'anonymous', handler: httpHandler });
