import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('recycle-bin-purge', { schedule: '40 * * * * *', handler: () => composed().timers['recycle-bin-purge']() });
