import { app, output, trigger } from '@azure/functions';

export const events: string[] = [];
export const gate = Promise.withResolvers<undefined>();

app.hook.appStart(() => {
  events.push('appStart');
});
app.hook.appTerminate(() => {
  events.push('appTerminate');
});
app.hook.preInvocation((context) => {
  context.hookData['started'] = context.invocationContext.functionName;
  if (context.invocationContext.functionName === 'rewritten') context.inputs = ['changed'];
});
app.hook.postInvocation((context) => {
  events.push(`after ${String(context.hookData['started'])}`);
  if (context.invocationContext.functionName === 'forgiven') {
    context.error = null;
    context.result = { status: 202 };
  }
});
app.hook.log((context) => {
  if (context.category === 'user')
    context.message = `[${context.invocationContext?.functionName ?? 'nobody'}] ${context.message}`;
});

app.http('rewritten', { methods: ['GET'], handler: (input) => ({ jsonBody: input }) });
app.http('forgiven', {
  methods: ['GET'],
  handler: () => {
    throw new Error('never mind');
  },
});
app.http('logs', {
  methods: ['GET'],
  handler: (_, context) => {
    context.log('plain', { a: 1 });
    context.warn('careful');
    return { body: context.invocationId };
  },
});
app.http('slow', {
  methods: ['GET'],
  handler: async () => {
    await gate.promise;
    events.push('slow is done');
    return { body: 'done' };
  },
});
app.http('too-slow', { methods: ['GET'], handler: () => new Promise(() => undefined) });
app.generic('retried', {
  trigger: trigger.http({ methods: ['GET'] }),
  return: output.http({}),
  retry: { strategy: 'fixedDelay', maxRetryCount: 1, delayInterval: 0 },
  handler: () => ({ body: '' }),
});
