import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { advancedFilterSchema } from './advanced-filter.ts';

const MAX_FILTER_VALUES = 25;

const filterSchema = z.strictObject({
  includedEventTypes: z.array(z.string().min(1)).min(1).optional(),
  subjectBeginsWith: z.string().optional(),
  subjectEndsWith: z.string().optional(),
  isSubjectCaseSensitive: z.boolean().default(false),
  enableAdvancedFilteringOnArrays: z.boolean().default(false),
  advancedFilters: z
    .array(advancedFilterSchema)
    .max(25)
    .refine(
      (filters) =>
        filters.reduce((sum, filter) => sum + ('values' in filter ? filter.values.length : 1), 0) <= MAX_FILTER_VALUES,
      `hold more than ${MAX_FILTER_VALUES} values together`,
    )
    .default([]),
});

const functionDestination = z.strictObject({ type: z.literal('AzureFunction'), function: z.string().min(1) });
const webhookDestination = z.strictObject({
  type: z.literal('WebHook'),
  url: z.url({ protocol: /^https?$/ }),
  // Azure always asks a receiver for consent before it sends. Here that is a choice: a receiver on this machine is the
  // developer's own, and is often started after the topic.
  validate: z.boolean().default(false),
});

/** One event subscription. Names as Azure allows them; attempts and time to live within Azure's limits. */
export const subscriptionSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]{3,64}$/, 'must be 3 to 64 letters, digits or hyphens'),
  destination: z.discriminatedUnion('type', [functionDestination, webhookDestination]),
  filter: filterSchema.default(() => filterSchema.parse({})),
  retryPolicy: z
    .strictObject({
      maxDeliveryAttempts: z.int().min(1).max(30).default(30),
      eventTimeToLiveInMinutes: z.int().min(1).max(1440).default(1440),
    })
    .default({ maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }),
  deadLetter: z.strictObject({ container: z.string().regex(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/) }).optional(),
});
export type Subscription = z.infer<typeof subscriptionSchema>;
/** A subscription as it is written, with its defaults left out. */
export type SubscriptionInput = z.input<typeof subscriptionSchema>;

const subscriptionFileSchema = z.strictObject({ subscriptions: z.array(subscriptionSchema) });

/** Reads the subscription file that the Bicep templates read too. Throws with every fault listed. */
export async function readSubscriptionFile(path: string): Promise<Subscription[]> {
  const parsed = subscriptionFileSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path} is not a subscription file:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.subscriptions;
}
