import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('purge-settle', { schedule: '5/10 * * * * *', handler: () => composed().timers['purge-settle']() });
