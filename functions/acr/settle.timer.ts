import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('acr-settle', { schedule: '30 * * * * *', handler: () => composed().timers['acr-settle']() });
