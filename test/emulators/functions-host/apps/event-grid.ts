import { app, type EventGridEvent, type InvocationContext, trigger } from '@azure/functions';

export const seen: {
  event: Record<string, unknown>;
  metadata: Record<string, unknown>;
  retryCount: number | undefined;
}[] = [];

app.eventGrid('on-push', {
  handler: (event, context) => {
    seen.push({
      event: { ...event },
      metadata: { ...context.triggerMetadata },
      retryCount: context.retryContext?.retryCount,
    });
    if (event.subject === 'bad') throw new Error('cannot take this one');
  },
});

// The typed app.eventGrid knows no retry policy; the host takes one all the same.
app.generic('on-flaky', {
  trigger: trigger.eventGrid({}),
  retry: { strategy: 'exponentialBackoff', maxRetryCount: 3, minimumInterval: 0, maximumInterval: 1000 },
  handler: (event: EventGridEvent, context: InvocationContext) => {
    seen.push({ event: { ...event }, metadata: {}, retryCount: context.retryContext?.retryCount });
    if (context.retryContext?.retryCount !== 2) throw new Error('not yet');
  },
});
