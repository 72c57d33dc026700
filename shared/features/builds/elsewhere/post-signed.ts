import type { NoAnswer, ReceiverAnswer } from '../../../core/ports/post.ts';
import { signatureHeaders } from '../../../core/secrets/standard-webhooks.ts';
import { signingKey } from '../inbound/proof.ts';
import { readTaskSecret } from '../inbound/task-secrets.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';

/** What to tell somebody elsewhere. */
export interface Telling {
  /** By whose secret of the task it is signed. */
  readonly to: 'runner' | 'gate';
  readonly url: string;
  /** The same when it is told again. */
  readonly id: string;
  readonly body: object;
}

/**
 * Posts, signed with the task's secret for the runner or the gate (Standard Webhooks). Without one nothing is posted.
 * Throws `StoreFailure`.
 */
export async function postSigned(
  ports: BuildPorts,
  task: Task,
  { to, url, id, body }: Telling,
): Promise<ReceiverAnswer | NoAnswer> {
  const secret = await readTaskSecret(ports, task.name, to);
  if (secret === undefined)
    return {
      is: 'refused',
      why: `task "${task.name}" has no secret to sign with for its ${to}: PUT /api/v1/tasks/${task.name}/hook makes new ones`,
      ms: 0,
    };
  const text = JSON.stringify(body);
  const signature = signatureHeaders({ id, at: ports.clock.now(), body: text }, [signingKey(secret)]);
  return ports.receivers.post({
    url: new URL(url),
    headers: { 'content-type': 'application/json', ...signature },
    body: text,
  });
}
