import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('usage-first-survey', { schedule: '35 * * * * *', handler: () => composed().timers['usage-first-survey']() });
