import { app } from '@azure/functions';
import { composed } from '../composed.ts';

app.timer('collection-leftovers', {
  schedule: '15 */10 * * * *',
  handler: () => composed().timers['collection-leftovers'](),
});
