import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('events-sweep', { schedule: '*/10 * * * * *', handler: () => composed().timers['events-sweep']() });
