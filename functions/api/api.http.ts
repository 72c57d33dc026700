import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

app.http('api', { route: 'api/{*path}', methods: allMethods, authLevel: 'anonymous', handler: httpHandler });
