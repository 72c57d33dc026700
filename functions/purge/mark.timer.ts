import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('purge-mark', { schedule: '20 * * * * *', handler: () => composed().timers['purge-mark']() });
