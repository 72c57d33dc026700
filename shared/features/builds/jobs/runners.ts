import type { z } from 'zod';
import { withoutSecretsOf } from '../../../core/outbound/shown-url.ts';
import { isLoopbackHost } from '../loopback.ts';
import type { BuildPorts } from '../ports.ts';
import type { githubRunnerSchema, Task } from '../tasks/documents.ts';
import { scheduleRun } from './acr.ts';
import type { RemoteJob } from './job.ts';
import { inPublic } from './job.ts';
import { postSigned } from './post-signed.ts';
import type { Taken } from './taken.ts';
import { takenBy } from './taken.ts';

/** Offers a job to the runner that the task names. Offered again it has the same id. Throws `StoreFailure`. */
export async function giveJob(ports: BuildPorts, task: Task, job: RemoteJob): Promise<Taken> {
  const { runner } = task.settings;
  if (runner === undefined) throw new TypeError('the task has no external runner');
  if ('github' in runner) return dispatch(ports, runner.github, job);
  if ('acr' in runner) return scheduleRun(ports, runner.acr, job);
  const { protocol, host } = new URL(runner.webhook.url);
  if (protocol !== 'https:' && !isLoopbackHost(host))
    return { is: 'refused', why: `${host}: a job has credentials, so it is posted by https alone` };
  const answer = await postSigned(ports, task, { to: 'runner', url: runner.webhook.url, id: job.id, body: job });
  // The runner's answer goes into the log, and may repeat the job.
  const secrets = {
    url: runner.webhook.url,
    credentials: [job.callback.token, ...(job.login === undefined ? [] : [job.login.password])],
  };
  return takenBy(
    'its runner',
    answer.is === 'answered' ? { ...answer, body: withoutSecretsOf(answer.body, secrets) } : answer,
  );
}

/** Returns the headers of a request to GitHub, which refuses everything without a user agent. */
export function githubHeaders(token: string): Record<string, string> {
  return {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'user-agent': 'longshore',
    'x-github-api-version': '2022-11-28',
  };
}

/**
 * Reads a token that may start workflows, which is sent to the host of GitHub's API alone, and by https. Throws
 * `StoreFailure`.
 */
export async function tokenAt(
  secrets: BuildPorts['secrets'],
  { api, token }: Pick<z.infer<typeof githubRunnerSchema>, 'api' | 'token'>,
): ReturnType<BuildPorts['secrets']['readUserSecret']> {
  const { protocol, host } = new URL(api);
  if (protocol !== 'https:' && !isLoopbackHost(host)) return { why: `${host}: a token is sent by https alone` };
  return secrets.readUserSecret(token, { host });
}

/** Starts a workflow: https://docs.github.com/rest/actions/workflows, "Create a workflow dispatch event". */
async function dispatch(
  { secrets, receivers }: BuildPorts,
  { repository, workflow, ref, token, api }: z.infer<typeof githubRunnerSchema>,
  job: RemoteJob,
): Promise<Taken> {
  const secret = await tokenAt(secrets, { api, token });
  if ('why' in secret) return { is: 'refused', why: secret.why };
  const headers = { ...githubHeaders(secret.value), 'content-type': 'application/json' };
  const url = new URL(`${api.replace(/\/$/, '')}/repos/${repository}/actions/workflows/${workflow}/dispatches`);
  return takenBy(
    'GitHub',
    await receivers.post({
      dependency: 'runner',
      url,
      headers,
      body: JSON.stringify({ ref, inputs: { job: JSON.stringify(inPublic(job)) } }),
    }),
  );
}
