import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('usage-record', { handler: (event) => composed().events['usage-record'](event) });
