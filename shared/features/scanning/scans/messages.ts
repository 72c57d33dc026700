import { z } from 'zod';
import { repositorySchema } from '../../../core/documents/names.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { SendMessage } from '../../../core/ports/queues.ts';
import type { Scan } from '../documents.ts';

/** The queue of the steps of scans. */
const queue = 'scans';

/** Begins scans of a scanner that wait, or makes the next step of one. */
export const messageSchema = z.union([
  z.object({ scanner: z.string().max(50) }),
  z.object({ repository: repositorySchema, digest: digestSchema, step: z.int().nonnegative() }),
]);

/** Has the scans that wait for a scanner begun. */
export function sendStart(queues: SendMessage, scanner: string, delaySeconds = 0): Promise<void> {
  return queues.sendMessage(queue, { scanner }, delaySeconds);
}

/** Has the next step of a scan made when it is due. */
export function sendStep(queues: SendMessage, { repository, digest, step, dueAt }: Scan, now: Date): Promise<void> {
  const waitMs = dueAt === undefined ? 0 : Date.parse(dueAt) - now.getTime();
  return queues.sendMessage(queue, { repository, digest, step }, Math.max(0, Math.ceil(waitMs / 1_000)));
}
