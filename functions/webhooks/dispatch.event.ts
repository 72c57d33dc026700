import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('webhooks-dispatch', { handler: (event) => composed().events['webhooks-dispatch'](event) });
