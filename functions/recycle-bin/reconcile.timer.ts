import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('recycle-bin-reconcile', {
  schedule: '5/10 * * * * *',
  handler: () => composed().timers['recycle-bin-reconcile'](),
});
