import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('webhooks-sweep', { schedule: '*/30 * * * * *', handler: () => composed().timers['webhooks-sweep']() });
