import type { NoAnswer, ReceiverAnswer } from '../../../core/ports/post.ts';
import { signatureHeaders } from '../../../core/secrets/standard-webhooks.ts';
import { signingKey } from '../inbound/proof.ts';
import { readTaskSecret } from '../inbound/task-secrets.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';

/** A message to a runner or a gate. */
export interface Telling {
  /** Says which secret of the task signs it. */
  readonly to: 'runner' | 'gate';
  readonly url: string;
  /** The id is the same when it is posted again. */
  readonly id: string;
  readonly body: object;
}

/**
 * Posts a message, signed with the task's secret for the runner or the gate (Standard Webhooks). Without a secret
 * nothing is posted. Throws `StoreFailure`.
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
    dependency: 'runner',
    url: new URL(url),
    headers: { 'content-type': 'application/json', ...signature },
    body: text,
  });
}
