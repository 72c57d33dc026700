import { RegistryError } from '../../../core/oci/faults.ts';
import type { TaggedImage } from '../bases/documents.ts';
import { isEnded } from '../plan/documents.ts';
import { readNode } from '../plan/nodes.ts';
import type { BuildPorts } from '../ports.ts';
import { readTask } from '../tasks/tasks.ts';
import type { RemoteJob } from './job.ts';
import { jobOf } from './job.ts';
import { tokenOf } from './token.ts';

/**
 * Returns the whole job of an image, for the runner that learned of it in public. Throws `RegistryError`:
 * `thing-unknown` if nothing is given to a runner, `conflict` if the job is not wanted any more; and `StoreFailure`.
 */
export async function claimJob(ports: BuildPorts, build: string, image: TaggedImage): Promise<RemoteJob> {
  const node = (await readNode(ports, build, image))?.document;
  const task = node?.madeBy === undefined ? undefined : await readTask(ports, node.madeBy);
  if (node?.remote === undefined || node.remote === null || task === undefined)
    throw new RegistryError({ is: 'thing-unknown', code: 'jobNotFound', what: 'a job of this image' });
  const { remote } = node;
  if (isEnded(node) || remote.outcome !== undefined)
    throw new RegistryError({
      is: 'conflict',
      code: 'imageEnded',
      why: `the image has ended: ${node.because ?? node.state}`,
    });
  const key = await ports.sealing.find(remote.key);
  if (key === undefined)
    throw new RegistryError({
      is: 'conflict',
      code: 'jobKeyGone',
      why: "the key of the job's token was deleted",
    });
  return jobOf(ports, { ...node, remote }, task, { commit: node.commit, token: tokenOf(key, node, remote.job) });
}
