import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

app.http('oauth2', { route: 'oauth2/{*path}', methods: allMethods, authLevel: 'anonymous', handler: httpHandler });
