import { app } from '@azure/functions';
import { allMethods, httpHandler } from '../http-handler.ts';

app.http('acr', { route: 'acr/{*path}', methods: allMethods, authLevel: 'anonymous', handler: httpHandler });
