import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('builds-learn', { handler: (event) => composed().events['builds-learn'](event) });
