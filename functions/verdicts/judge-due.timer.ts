import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('verdicts-judge-due', { schedule: '50 * * * * *', handler: () => composed().timers['verdicts-judge-due']() });
