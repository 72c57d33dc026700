import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('acr-reconcile', { schedule: '30 * * * * *', handler: () => composed().timers['acr-reconcile']() });
