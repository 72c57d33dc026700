import type { Digest } from '../../../core/oci/digest.ts';
import { learnTag } from '../bases/learn.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { commitOf } from '../tasks/open-context.ts';
import { whyNotPulled } from '../tasks/pulls.ts';
import { followCommit, readTask } from '../tasks/tasks.ts';
import type { Node } from './documents.ts';
import type { NodeLease } from './lease.ts';
import type { LogWriter } from './log.ts';

export interface Running {
  readonly log: LogWriter;
  readonly lease: Pick<NodeLease, 'write' | 'signal'>;
  /** The digest that the image's tag points at now. */
  readonly from: Digest | 'nothing';
}

/**
 * Makes a task ready to be built: with the bases of its Dockerfile at the commit that is built; refused if it may not
 * pull one of them. Throws `StoreFailure`.
 */
export async function readyTask(
  ports: BuildPorts,
  node: Node,
  task: Task,
  lease: Running['lease'],
): Promise<
  { readonly task: Task; readonly commit: string | undefined } | { readonly is: 'refused'; readonly why: string }
> {
  const commit = await commitFor(ports, node, task, lease);
  if (typeof commit === 'object') return commit;
  const now = commit === task.commit ? task : ((await readTask(ports, task.name)) ?? task);
  const why = await whyNotPulled(ports, now);
  return why === undefined ? { task: now, commit } : { is: 'refused', why };
}

/**
 * Returns the commit of a context in git: the one that an earlier attempt wrote down, or the one that its reference
 * names now. The task then follows the Dockerfile of that commit.
 */
async function commitFor(
  ports: BuildPorts,
  node: Node,
  task: Task,
  lease: Running['lease'],
): Promise<string | undefined | { is: 'refused'; why: string }> {
  const { context } = task.settings;
  if (!('git' in context)) return undefined;
  const commit = node.commit ?? (await commitOf(ports, context));
  if (typeof commit !== 'string') return commit;
  if (node.commit === undefined && !(await lease.write({ commit }))) lease.signal.throwIfAborted();
  if (await followCommit(ports, task, commit)) await learnTag(ports, task, task.tag, { isAgain: true });
  return commit;
}
