import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('scanning-sweep', { schedule: '25 * * * * *', handler: () => composed().timers['scanning-sweep']() });
