import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('collection-collect', { schedule: '45 * * * * *', handler: () => composed().timers['collection-collect']() });
