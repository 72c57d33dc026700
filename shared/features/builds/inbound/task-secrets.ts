import { hkdfSync, randomBytes } from 'node:crypto';
import { readStored } from '../../../core/documents/stored.ts';
import { open } from '../../../core/secrets/sealed.ts';
import { inboundRef, inboundSchema } from './documents.ts';
import type { InboundPorts } from './secrets.ts';
import { writeInbound } from './secrets.ts';

/**
 * What each party of a task proves itself with. A gate verifies what it is posted, so it knows the key of that: were it
 * also the runner's or the hook's, a gate could give jobs to the runner, and have the task built. None can be made out
 * of another, or out of the secret of the hook, which somebody may have chosen.
 */
const purposes = {
  /** Who asks for a job whole signs with it. */
  claim: 'lsclaim_',
  /** Signs what the runner is posted. */
  runner: 'whsec_',
  /** Signs what the gate is posted. */
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
 * Makes all secrets of a task anew, that of its hook as it is given, and ends those of before. They are not shown
 * again. Throws `RegistryError` (`conflict`) where nothing seals.
 */
export async function putTaskSecrets(ports: InboundPorts, task: string, given?: string): Promise<TaskSecrets> {
  const root = randomBytes(32);
  const secret = await writeInbound(ports, ofTask(task), { given, root });
  const derived = (purpose: TaskPurpose) => derivedFrom(root, ports, task, purpose);
  return { secret, claimSecret: derived('claim'), runnerSecret: derived('runner'), gateSecret: derived('gate') };
}

/**
 * `undefined` when the task has none: none was made, it was made before each purpose had its own, or the key that
 * sealed it is gone. Throws `StoreFailure`.
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
