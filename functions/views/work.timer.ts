import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('views-work', { schedule: '7/10 * * * * *', handler: () => composed().timers['views-work']() });
