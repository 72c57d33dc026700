import { app, type InvocationContext, type Timer } from '@azure/functions';

export const seen: { name: string; timer: Timer; retry: InvocationContext['retryContext'] }[] = [];

const record = (timer: Timer, context: InvocationContext) => {
  seen.push({ name: context.functionName, timer, retry: context.retryContext });
};

app.timer('every-second', { schedule: '* * * * * *', handler: record });
app.timer('nightly', { schedule: '%NIGHTLY%', handler: record });
app.timer('at-start', { schedule: '0 0 3 * * *', runOnStartup: true, handler: record });
app.timer('unwatched', { schedule: '0 0 3 * * *', runOnStartup: true, useMonitor: false, handler: record });
app.timer('retried', {
  schedule: '0 0 3 * * *',
  runOnStartup: true,
  retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 0 },
  handler: (timer, context) => {
    record(timer, context);
    throw new Error(`run ${context.retryContext?.retryCount ?? 'without policy'}`);
  },
});
