import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('purge-touched', { handler: (event) => composed().events['purge-touched'](event) });
