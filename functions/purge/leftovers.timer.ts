import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('purge-leftovers', { schedule: '15 */10 * * * *', handler: () => composed().timers['purge-leftovers']() });
