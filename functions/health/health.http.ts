import { app } from '@azure/functions';
import { httpHandler } from '../http-handler.ts';

app.http('health', { route: 'healthz', methods: ['GET', 'HEAD'], authLevel: 'anonymous', handler: httpHandler });
