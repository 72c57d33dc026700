import { signatureHeaders } from '../../http/standard-webhooks.ts';
import type { NoAnswer, ReceiverAnswer } from '../../ports/post.ts';
import { signingKey } from '../inbound/proof.ts';
import { readInboundSecret } from '../inbound/secrets.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';

/** What to tell somebody elsewhere, who knows the task's secret. */
export interface Telling {
  readonly url: string;
  /** The same when it is told again. */
  readonly id: string;
  readonly body: object;
}

/** Posts, signed with the secret of the task's hook (Standard Webhooks). Without one nothing is posted. Throws `StoreFailure`. */
export async function postSigned(ports: BuildPorts, task: Task, { url, id, body }: Telling): Promise<ReceiverAnswer | NoAnswer> {
  const secret = await readInboundSecret(ports, `task:${task.name}`);
  if (secret === undefined) return { is: 'refused', why: `task "${task.name}" has no secret to sign with: PUT /api/v1/tasks/${task.name}/hook makes one`, ms: 0 };
  const text = JSON.stringify(body);
  const signature = signatureHeaders({ id, at: ports.clock.now(), body: text }, [signingKey(secret)]);
  return ports.receivers.post({ url: new URL(url), headers: { 'content-type': 'application/json', ...signature }, body: text });
}
