import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('builds-plan', { handler: (event) => composed().events['builds-plan'](event) });
