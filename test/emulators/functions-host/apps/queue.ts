import { app } from '@azure/functions';

export interface Seen {
  message: unknown;
  metadata: Record<string, unknown>;
}

/** The calls of the functions below, and the gates that hold them. */
export const seen = {
  plain: [] as Seen[],
  failing: [] as Seen[],
  poison: [] as Seen[],
  runningAtOnce: 0,
  mostAtOnce: 0,
};
export const gate = Promise.withResolvers<undefined>();

app.storageQueue('plain', {
  queueName: '%PLAIN_QUEUE%',
  connection: 'Work',
  handler: (message, context) => {
    seen.plain.push({ message, metadata: { ...context.triggerMetadata } });
  },
});

app.storageQueue('failing', {
  queueName: 'failing',
  connection: 'Work',
  handler: (message, context) => {
    seen.failing.push({ message, metadata: { ...context.triggerMetadata } });
    throw new Error(`attempt ${seen.failing.length} failed`);
  },
});

app.storageQueue('poison', {
  queueName: 'failing-poison',
  connection: 'Work',
  handler: (message, context) => {
    seen.poison.push({ message, metadata: { ...context.triggerMetadata } });
  },
});

app.storageQueue('gated', {
  queueName: 'gated',
  connection: 'Work',
  handler: async () => {
    seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.runningAtOnce);
    await gate.promise;
    seen.runningAtOnce--;
  },
});
