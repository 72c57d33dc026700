import { app } from '@azure/functions';

app.timer('odd', { schedule: 'every day', handler: () => undefined });
