import { backoff } from '../../../core/documents/backoff.ts';
import { defined } from '../../../core/documents/defined.ts';
import { hashOfToken } from '../inbound/proof.ts';
import type { Running } from '../plan/commit-for.ts';
import { readyTask } from '../plan/commit-for.ts';
import type { Node } from '../plan/documents.ts';
import { gateOf } from '../plan/gate.ts';
import type { MadeImage } from '../plan/made-image.ts';
import type { BuildPorts } from '../ports.ts';
import type { AcrRunner, Task } from '../tasks/documents.ts';
import { askedEveryMs, outcomeOfRun, printedBy } from './acr.ts';
import { jobOf } from './job.ts';
import { giveJob } from './runners.ts';
import { stopJob } from './stop-job.ts';
import { tokenOf } from './token.ts';

/** The number of times that a job is offered to a runner before the image has failed. */
const mostTries = 4;
const waits = { first: 30_000, longest: 10 * 60_000 };

/**
 * Has a runner build an image, and returns the result. In between no process holds the lease: the image is
 * due again at the deadline, or when its runner has called back. Throws `StoreFailure`.
 */
export async function buildByRunner(ports: BuildPorts, node: Node, task: Task, running: Running): Promise<MadeImage> {
  const remote = node.remote ?? undefined;
  if (remote?.outcome !== undefined) return resultOf(ports, node, task, running);
  if (remote?.startedAt === undefined) return offerJob(ports, node, task, running);
  if (ports.clock.now().toISOString() >= remote.deadline) {
    await stopJob(ports, node);
    return { is: 'refused', why: `its runner has not reported an end within ${task.settings.timeoutSeconds} s` };
  }
  const { runner } = task.settings;
  if (runner === undefined || !('acr' in runner) || remote.run === undefined)
    return waiting(running, { dueAt: remote.deadline });
  return checkRun(ports, { ...node, remote: { ...remote, run: remote.run } }, task, running, runner.acr);
}

/**
 * Asks for the outcome of a run. It is written down before it counts, so that a process that takes over after a crash
 * goes on from there.
 */
async function checkRun(
  ports: BuildPorts,
  node: Node & { readonly remote: { readonly run: string } & NonNullable<Node['remote']> },
  task: Task,
  running: Running,
  runner: AcrRunner,
): Promise<MadeImage> {
  const { remote } = node;
  const outcome = await outcomeOfRun(ports, runner, node, remote.run);
  if (outcome === undefined)
    return waiting(running, {
      dueAt: earlier(remote.deadline, new Date(ports.clock.now().getTime() + askedEveryMs).toISOString()),
    });
  running.log.write((await printedBy(ports, runner, remote.run)) ?? '');
  const ends = { ...remote, outcome };
  if (!(await running.lease.write({ remote: ends }))) running.lease.signal.throwIfAborted();
  return resultOf(ports, { ...node, remote: ends }, task, running);
}

const earlier = (left: string, right: string) => (left < right ? left : right);

/**
 * Offers the job to the runner. The token is stored here before the runner has it. After a crash in between the same
 * job is offered again, with the same token.
 */
async function offerJob(
  ports: BuildPorts,
  node: Node,
  requested: Task,
  { log, lease, from }: Running,
): Promise<MadeImage> {
  const ready = await readyTask(ports, node, requested, lease);
  if ('is' in ready) return ready;
  const { task, commit } = ready;
  const now = ports.clock.now();
  const key =
    (node.remote === undefined || node.remote === null ? undefined : await ports.sealing.find(node.remote.key)) ??
    (await ports.sealing.current());
  const deadline = new Date(now.getTime() + task.settings.timeoutSeconds * 1_000).toISOString();
  const { job, ...before } = node.remote ?? { job: ports.ids.nextId(), from };
  const token = tokenOf(key, node, job);
  const remote = { ...before, deadline, job, key: key.id, token: hashOfToken(token) };
  if (!(await lease.write({ remote }))) lease.signal.throwIfAborted();
  const answer = await giveJob(ports, task, await jobOf(ports, { ...node, remote }, task, { commit, token }));
  if (answer.is === 'taken')
    return waiting(
      { lease },
      {
        remote: { ...remote, startedAt: now.toISOString(), ...defined({ run: answer.run }) },
        dueAt:
          answer.run === undefined
            ? remote.deadline
            : earlier(remote.deadline, new Date(now.getTime() + askedEveryMs).toISOString()),
      },
    );
  log.write(`${answer.why}\n`);
  if (answer.is === 'refused' || node.attempts >= mostTries) return { is: 'refused', why: answer.why };
  return waiting(
    { lease },
    { state: 'ready', dueAt: new Date(now.getTime() + backoff(node.attempts, waits)).toISOString() },
  );
}

async function waiting(
  { lease }: Pick<Running, 'lease'>,
  set: Parameters<Running['lease']['write']>[0],
): Promise<MadeImage> {
  await lease.write(set);
  return { is: 'with a runner' };
}

async function resultOf(ports: BuildPorts, node: Node, task: Task, { log, lease }: Running): Promise<MadeImage> {
  const outcome = node.remote?.outcome;
  if (outcome?.is !== 'succeeded')
    return { is: 'refused', why: outcome?.why ?? 'its runner has not reported anything' };
  const image = await ports.images.readImage({ registry: ports.registry, repository: node.repository }, outcome.digest);
  if (image === undefined)
    return { is: 'refused', why: `its runner reported ${outcome.digest}, which does not exist any more` };
  return {
    is: 'made',
    how: 'built',
    image: { digest: image.digest, bytes: image.bytes, mediaType: image.mediaType },
    conflicts: [],
    ...(await gateOf(ports, node, task, { digest: image.digest, log, signal: lease.signal })),
  };
}
