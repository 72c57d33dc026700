import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { Tag } from '../../../core/oci/name.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { Node } from '../plan/documents.ts';
import type { BuildPorts } from '../ports.ts';
import type { AcrRunner } from '../tasks/documents.ts';
import type { RemoteJob } from './job.ts';
import type { Taken } from './taken.ts';
import { takenBy } from './taken.ts';

// Azure Container Registry builds by its tasks:
// https://learn.microsoft.com/rest/api/containerregistry/registries/schedule-run. It calls nobody back, so it is asked
// for the state of a run; it pushes under a tag of the job, by which its image is found here.

const version = '2019-06-01-preview';
/** The milliseconds between two questions for the state of a run; the timer that asks runs once a minute. */
export const askedEveryMs = 15_000;
/** The timeouts that Azure accepts, in seconds. */
const [shortest, longest] = [300, 28_800];

const runSchema = z.object({
  properties: z.object({ runId: z.string().min(1), status: z.string(), runErrorMessage: z.string().nullish() }),
});

/** Returns the tag of a job, which shows a reader of the repository what it was for. */
const tagOfJob = (job: string): Tag => `run-${job}` as Tag;

/** Begins a run. Called again for the same job it begins another run, which pushes the same tag. */
export async function scheduleRun(ports: BuildPorts, runner: AcrRunner, job: RemoteJob): Promise<Taken> {
  const request = await arm(ports, runner, 'scheduleRun');
  if ('why' in request) return { is: 'later', why: request.why };
  const answer = await ports.receivers.post({
    dependency: 'runner',
    ...request,
    body: JSON.stringify(requestOf(runner, job)),
  });
  const outcome = takenBy('Azure', answer);
  const run = answer.is === 'answered' ? runSchema.safeParse(jsonIn(answer.body)).data : undefined;
  if (outcome.is !== 'taken') return outcome;
  return run === undefined
    ? { is: 'later', why: 'Azure answered without a run' }
    : { is: 'taken', run: run.properties.runId };
}

function requestOf(
  { agentPool }: AcrRunner,
  {
    id,
    repository,
    context,
    dockerfile,
    target,
    arguments: given,
    platforms: [platform = ''],
    timeoutSeconds,
    login,
  }: RemoteJob,
): object {
  const [os = '', architecture, variant] = platform.split('/');
  const opaque = (value: string) => ({ type: 'Opaque', value });
  return {
    type: 'DockerBuildRequest',
    imageNames: [`${repository}:${tagOfJob(id)}`],
    isPushEnabled: true,
    noCache: false,
    sourceLocation:
      'git' in context ? `${context.git}#${context.commit}${context.folder === '' ? '' : `:${context.folder}`}` : '',
    dockerFilePath: dockerfile,
    ...defined({ target }),
    arguments: Object.entries(given).map(([name, value]) => ({ name, value, isSecret: false })),
    platform: {
      os: `${os.slice(0, 1).toUpperCase()}${os.slice(1)}`,
      architecture,
      ...defined({ variant }),
    },
    timeout: Math.min(longest, Math.max(shortest, timeoutSeconds)),
    ...defined({
      agentPoolName: agentPool,
      credentials:
        login === undefined
          ? undefined
          : {
              customRegistries: {
                [repository.split('/')[0] ?? '']: { userName: opaque(login.user), password: opaque(login.password) },
              },
            },
    }),
  };
}

/**
 * Asks for the outcome of a run; `undefined` while it is under way, or cannot be asked for: then it is asked again.
 * Throws `StoreFailure` (of this registry's own stores).
 */
export async function outcomeOfRun(
  ports: BuildPorts,
  runner: AcrRunner,
  node: Node,
  run: string,
): Promise<NonNullable<NonNullable<Node['remote']>['outcome']> | undefined> {
  const request = await arm(ports, runner, `runs/${encodeURIComponent(run)}`);
  if ('why' in request) return undefined;
  const answer = await ports.outbound
    .ask(request.url, { dependency: 'runner', method: 'GET', headers: request.headers })
    .catch((error: unknown) => {
      if (error instanceof StoreFailure) return undefined;
      throw error;
    });
  const found = answer?.status === 200 ? runSchema.safeParse(jsonIn(answer.text)).data?.properties : undefined;
  if (answer?.status === 404) return { is: 'failed', why: `Azure does not know its run ${run} any more` };
  if (found === undefined || ['Queued', 'Started', 'Running'].includes(found.status)) return undefined;
  if (found.status !== 'Succeeded') {
    const message = found.runErrorMessage?.slice(0, 500);
    return {
      is: 'failed',
      why: `its run ${run} ended as ${found.status}${message === undefined ? '' : `: ${message}`}`,
    };
  }
  const image = await ports.images.readImage(
    { registry: ports.registry, repository: node.repository },
    tagOfJob(node.remote?.job ?? ''),
  );
  return image === undefined
    ? { is: 'failed', why: `its run ${run} has succeeded, but pushed no image here` }
    : { is: 'succeeded', digest: image.digest };
}

/** Reads what a run printed, for readers of the log; `undefined` if it cannot be read. */
export async function printedBy(ports: BuildPorts, runner: AcrRunner, run: string): Promise<string | undefined> {
  try {
    const request = await arm(ports, runner, `runs/${encodeURIComponent(run)}/listLogSasUrl`);
    if ('why' in request) return undefined;
    const answer = await ports.receivers.post({ dependency: 'runner', ...request, body: '' });
    const { data } = z
      .object({ logLink: z.url({ protocol: /^https?$/ }) })
      .safeParse(answer.is === 'answered' ? jsonIn(answer.body) : undefined);
    return data === undefined ? undefined : await endOfLog(ports, new URL(data.logLink));
  } catch {
    // Nothing depends on the log.
    return undefined;
  }
}

/**
 * The most bytes that are read of a log. An answer may have 256 KiB; of a longer log the end says more than the
 * beginning.
 */
const mostOfLog = 200 * 1024;

async function endOfLog({ outbound }: BuildPorts, url: URL): Promise<string | undefined> {
  const length = Number(
    (await outbound.ask(url, { dependency: 'runner', method: 'HEAD', headers: {} })).headers['content-length'] ?? 0,
  );
  const from = Math.max(0, length - mostOfLog);
  const log = await outbound.ask(url, {
    dependency: 'runner',
    method: 'GET',
    headers: defined({ range: from === 0 ? undefined : `bytes=${from}-` }),
  });
  if (log.status !== 200 && log.status !== 206) return undefined;
  return log.status === 206 ? `… (${from} bytes are left out)\n${log.text}` : log.text;
}

export async function cancelAcrRun(ports: BuildPorts, runner: AcrRunner, run: string): Promise<void> {
  const request = await arm(ports, runner, `runs/${encodeURIComponent(run)}/cancel`);
  if (!('why' in request)) await ports.receivers.post({ dependency: 'runner', ...request, body: '' });
}

/**
 * Returns a URL of Azure's management API, and headers with a token of the app's own identity. The token is sent to the
 * cloud's own address alone: the author of a task chooses the registry, not where the token goes.
 */
async function arm(
  { management }: BuildPorts,
  { registry }: AcrRunner,
  path: string,
): Promise<{ url: URL; headers: Record<string, string> } | { why: string }> {
  if (management === undefined) return { why: 'this app has no identity in Azure' };
  try {
    const token = await management.issueToken();
    return {
      url: new URL(`${registry}/${path}?api-version=${version}`, management.endpoint),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    };
  } catch (error) {
    return {
      why:
        "this app's identity gets no token from Azure: " +
        (error instanceof Error ? error.message.slice(0, 300) : 'the reason is not known'),
    };
  }
}
