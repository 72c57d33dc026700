import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('purge-collect', { schedule: '45 * * * * *', handler: () => composed().timers['purge-collect']() });
