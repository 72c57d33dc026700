import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('usage-survey', { schedule: '0 17 * * * *', handler: () => composed().timers['usage-survey']() });
