import { runBreaker } from './breaker-steps.ts';
import { messageSchema } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { runRedelivery } from './redeliver-since.ts';
import { retry } from './retry.ts';

/**
 * Handles a message of the queue. One that cannot be read is logged and dropped. Throws `StoreFailure`: then it is
 * delivered again.
 */
export async function deliver(ports: PipelinePorts, input: unknown): Promise<void> {
  const parsed = messageSchema.safeParse(input);
  if (!parsed.success) {
    ports.log.error({ issues: parsed.error.issues }, 'a message about webhooks cannot be read and is dropped');
    return;
  }
  const message = parsed.data;
  switch (message.do) {
    case 'attempt':
      return retry(ports, message);
    case 'breaker':
      return runBreaker(ports, message);
    case 'redeliver':
      return runRedelivery(ports, message);
  }
}
