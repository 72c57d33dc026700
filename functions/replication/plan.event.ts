import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('replication-plan', { handler: (event) => composed().events['replication-plan'](event) });
