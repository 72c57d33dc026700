import { z } from 'zod';
import type { SendMessage } from '../../core/ports/queues.ts';

export const deliveriesQueue = 'webhook-deliveries';

/**
 * A message to make attempt `number` of this delivery. A copy, or one that comes late, finds that the attempt was made.
 */
const attemptMessageSchema = z.object({
  do: z.literal('attempt'),
  name: z.string(),
  deliveryId: z.string(),
  number: z.int().positive(),
  /** True when somebody requested it: then it is made although the receiver keeps failing. */
  asked: z.literal(true).optional(),
});
export type AttemptMessage = z.infer<typeof attemptMessageSchema>;

/** A message to make step `seq` of the breaker of this webhook (breaker.ts). */
const breakerMessageSchema = z.object({
  do: z.literal('breaker'),
  name: z.string(),
  uid: z.string(),
  seq: z.int().positive(),
});
export type BreakerMessage = z.infer<typeof breakerMessageSchema>;

/** A message to make step `seq` of a redelivery of many (redeliver-since.ts). */
const redeliverMessageSchema = z.object({
  do: z.literal('redeliver'),
  name: z.string(),
  job: z.string(),
  seq: z.int().positive(),
});
export type RedeliverMessage = z.infer<typeof redeliverMessageSchema>;

/** A message of the queue. Any of them may come late, twice, or never: then the sweep sends it again. */
export const messageSchema = z.discriminatedUnion('do', [
  attemptMessageSchema,
  breakerMessageSchema,
  redeliverMessageSchema,
]);
export type DeliveriesMessage = z.infer<typeof messageSchema>;

/** Sends a message that is delivered at `at`. Throws `StoreFailure`. */
export function sendAt(queues: SendMessage, message: DeliveriesMessage, at: Date, now: Date): Promise<void> {
  return queues.sendMessage(deliveriesQueue, message, Math.max(0, at.getTime() - now.getTime()) / 1000);
}
