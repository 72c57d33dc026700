import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('replication-sweep', { schedule: '*/30 * * * * *', handler: () => composed().timers['replication-sweep']() });
