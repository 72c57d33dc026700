import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('builds-sweep', { schedule: '15 * * * * *', handler: () => composed().timers['builds-sweep']() });
