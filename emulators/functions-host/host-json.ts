import { z } from 'zod';
import { parseTimeSpan } from './time-span.ts';

const timeSpan = z.string().transform((text, context) => {
  const milliseconds = parseTimeSpan(text);
  if (milliseconds !== undefined && milliseconds >= 0) return milliseconds;
  context.addIssue({ code: 'custom', message: `"${text}" is not a time span like 00:00:02` });
  return z.NEVER;
});

/** Seven days, the longest that Azure Storage hides a message. */
const longestVisibilityTimeout = 7 * 24 * 3_600_000;

// Queue settings hold for every queue function of the app:
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#host-json
const queues = z.looseObject({
  maxPollingInterval: timeSpan.prefault('00:01:00'),
  visibilityTimeout: timeSpan.pipe(z.number().max(longestVisibilityTimeout)).prefault('00:00:00'),
  batchSize: z.int().min(1).max(32).default(16),
  newBatchThreshold: z.int().min(0).optional(),
  maxDequeueCount: z.int().min(1).default(5),
  messageEncoding: z.enum(['base64', 'none']).default('base64'),
});

const hostJson = z.looseObject({
  version: z.literal('2.0'),
  // "-1" means unbounded, which every plan but Consumption allows.
  functionTimeout: z.union([z.literal('-1').transform(() => Infinity), timeSpan]).prefault('00:30:00'),
  extensions: z
    .looseObject({
      http: z.looseObject({ routePrefix: z.string().default('api') }).prefault({}),
      queues: queues.prefault({}),
    })
    .prefault({}),
});

/** host.json with the host's defaults filled in; time spans are milliseconds. Settings unknown here are kept. */
export type HostJson = z.output<typeof hostJson>;
export type QueueSettings = z.output<typeof queues>;

/** Reads a parsed host.json. Throws one error that lists every fault. */
export function parseHostJson(value: unknown): HostJson {
  const parsed = hostJson.safeParse(value);
  if (!parsed.success) throw new Error(`host.json is not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
