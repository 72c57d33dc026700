import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.eventGrid('verdicts-judge', { handler: (event) => composed().events['verdicts-judge'](event) });
