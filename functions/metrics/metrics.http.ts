import { app } from '@azure/functions';
import { httpHandler } from '../http-handler.ts';

app.http('metrics', { route: 'metrics', methods: ['GET', 'HEAD'], authLevel: 'anonymous', handler: httpHandler });
