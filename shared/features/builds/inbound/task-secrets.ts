import { hkdfSync, randomBytes } from 'node:crypto';
import { readStored } from '../../../core/documents/stored.ts';
import { open } from '../../../core/secrets/sealed.ts';
import { inboundRef, inboundSchema } from './documents.ts';
import type { InboundPorts } from './secrets.ts';
import { writeInbound } from './secrets.ts';

/**
 * The secrets by which each party of a task proves itself. A gate verifies what it is posted, so it knows the key of
 * that: if that key were also the runner's or the hook's, a gate could give jobs to the runner, and have the task
 * built. None can be computed from another, or from the secret of the hook, which somebody may have chosen.
 */
const purposes = {
  /** Signs a request for the whole job. */
  claim: 'lsclaim_',
  /** Signs what is posted to the runner. */
  runner: 'whsec_',
  /** Signs what is posted to the gate. */
  gate: 'whsec_',
} as const;
export type TaskPurpose = keyof typeof purposes;

export interface TaskSecrets {
  /** Opens the door of the task's hook alone. */
  readonly secret: string;
  readonly claimSecret: string;
  readonly runnerSecret: string;
  readonly gateSecret: string;
}

const ofTask = (task: string) => `task:${task}`;

/**
 * Replaces all secrets of a task, that of its hook by the given one if there is one; those before are no longer valid.
 * They are not shown again. Throws `RegistryError` (`conflict`) if there is no sealing key.
 */
export async function putTaskSecrets(ports: InboundPorts, task: string, given?: string): Promise<TaskSecrets> {
  const root = randomBytes(32);
  const secret = await writeInbound(ports, ofTask(task), { given, root });
  const derived = (purpose: TaskPurpose) => derivedFrom(root, ports, task, purpose);
  return { secret, claimSecret: derived('claim'), runnerSecret: derived('runner'), gateSecret: derived('gate') };
}

/**
 * Reads a secret of a task; `undefined` if the task has none: none was generated, it was generated before each purpose
 * had its own, or the key that sealed it is gone. Throws `StoreFailure`.
 */
export async function readTaskSecret(
  ports: InboundPorts,
  task: string,
  purpose: TaskPurpose,
): Promise<string | undefined> {
  const found = await readStored(ports.documents, inboundSchema, inboundRef(ports.registry, ofTask(task)));
  const { root } = found?.document ?? {};
  const bytes =
    root === undefined
      ? undefined
      : await open(root, ports.sealing, {
          purpose: 'inbound notifications',
          context: `${ports.registry}/${ofTask(task)}/root`,
        });
  return bytes === undefined ? undefined : derivedFrom(bytes, ports, task, purpose);
}

function derivedFrom(root: Uint8Array, { registry }: InboundPorts, task: string, purpose: TaskPurpose): string {
  const key = Buffer.from(hkdfSync('sha256', root, '', `longshore: ${purpose} of ${registry}/${ofTask(task)}`, 32));
  return purposes[purpose] + key.toString(purpose === 'claim' ? 'base64url' : 'base64');
}
