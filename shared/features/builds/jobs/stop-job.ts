import { z } from 'zod';
import { jsonIn } from '../../../core/oci/json.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import { OutboundRefused } from '../../../core/ports/outbound.ts';
import type { Node } from '../plan/documents.ts';
import type { BuildPorts } from '../ports.ts';
import type { githubRunnerSchema, Task } from '../tasks/documents.ts';
import { readTask } from '../tasks/tasks.ts';
import { cancelAcrRun } from './acr.ts';
import { postSigned } from './post-signed.ts';
import { githubHeaders, tokenAt } from './runners.ts';

type GitHub = z.infer<typeof githubRunnerSchema>;

/**
 * Cancels the job of an image at its runner. A runner that cannot be reached learns it when it calls back: nothing
 * depends on it.
 */
export async function stopJob(ports: BuildPorts, node: Node): Promise<void> {
  try {
    const task = node.madeBy === undefined ? undefined : await readTask(ports, node.madeBy);
    if (task !== undefined && node.remote !== undefined && node.remote !== null)
      await stopAt(ports, task, node, node.remote);
  } catch (error) {
    if (!(error instanceof StoreFailure) && !(error instanceof OutboundRefused)) throw error;
    ports.log.warn(
      { err: error, build: node.build },
      'an external runner could not be notified that its job is cancelled',
    );
  }
}

async function stopAt(
  ports: BuildPorts,
  task: Task,
  { build, repository, tag }: Node,
  { job, run }: NonNullable<Node['remote']>,
): Promise<void> {
  const { runner } = task.settings;
  if (runner === undefined) return;
  if ('github' in runner) await cancelRun(ports, runner.github, job);
  else if ('acr' in runner) await (run === undefined ? undefined : cancelAcrRun(ports, runner.acr, run));
  else
    await postSigned(ports, task, {
      to: 'runner',
      url: runner.webhook.url,
      id: `${job}-cancel`,
      body: { type: 'cancel', id: job, build, image: `${repository}:${tag}` },
    });
}

/** The number of runs that are read: runs are large as JSON, and one that was cancelled is among the newest. */
const runsExamined = 10;
/**
 * The answer of https://docs.github.com/rest/actions/workflow-runs: `display_title` is what the workflow's `run-name`
 * makes of its inputs.
 */
const runsSchema = z.object({ workflow_runs: z.array(z.object({ id: z.int(), display_title: z.string() })) });

async function cancelRun({ secrets, receivers, outbound }: BuildPorts, github: GitHub, job: string): Promise<void> {
  const token = await tokenAt(secrets, github);
  if ('why' in token) return;
  const [headers, actions] = [
    githubHeaders(token.value),
    `${github.api.replace(/\/$/, '')}/repos/${github.repository}/actions`,
  ];
  const { status, text } = await outbound.ask(
    new URL(`${actions}/workflows/${github.workflow}/runs?event=workflow_dispatch&per_page=${runsExamined}`),
    { dependency: 'runner', method: 'GET', headers },
  );
  const runs = status === 200 ? runsSchema.safeParse(jsonIn(text)) : undefined;
  const run = runs?.data?.workflow_runs.find(({ display_title: title }) => title.includes(job));
  if (run !== undefined)
    await receivers.post({ dependency: 'runner', url: new URL(`${actions}/runs/${run.id}/cancel`), headers, body: '' });
}
