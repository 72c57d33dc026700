import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import { parseRetryAfter } from '../../../core/outbound/retry-after.ts';
import type { BuiltImage } from '../../../core/ports/runner.ts';
import { postSigned } from '../jobs/post-signed.ts';
import type { BuildPorts } from '../ports.ts';
import type { httpTestSchema, Task } from '../tasks/documents.ts';
import type { Node } from './documents.ts';
import type { LogWriter } from './log.ts';
import { accessFor, plainHosts } from './registry-access.ts';

interface Tested {
  readonly digest: Digest;
  /** The image as the runner still holds it; if absent it is pulled for its test. */
  readonly built?: BuiltImage;
  readonly log: LogWriter;
  readonly signal: AbortSignal;
}

/**
 * Has an image tested that was pushed by its digest. Returns in `gate` why its tag must not move, if it must not.
 * Throws `StoreFailure`.
 */
export async function gateOf(
  ports: BuildPorts,
  node: Node,
  task: Task,
  tested: Tested,
): Promise<{ readonly gate?: string }> {
  const { test } = task.settings;
  if (test === undefined) return {};
  const gate =
    'url' in test ? await askedByHttp(ports, node, task, test, tested) : await runIn(ports, node, task, test, tested);
  return defined({ gate });
}

async function runIn(
  ports: BuildPorts,
  node: Node,
  task: Task,
  { command, timeoutSeconds }: { readonly command: readonly string[]; readonly timeoutSeconds: number },
  { digest, built, log, signal }: Tested,
): Promise<string | undefined> {
  if (built === undefined && ports.runner === undefined) return 'no runner can run its test here: set LONGSHORE_RUNNER';
  const hosts = {
    plainHosts: plainHosts(ports, task),
    ownHosts: ports.ownHosts,
    access: await accessFor(ports, node, task, timeoutSeconds),
  };
  const image =
    built ??
    (await ports.runner?.pull(
      `${task.host}/${task.repository}@${digest}`,
      hosts,
      (text) => {
        log.write(text);
      },
      signal,
    ));
  try {
    const outcome = await image?.test(command, timeoutSeconds * 1_000);
    return outcome?.is === 'failed' ? outcome.why : undefined;
  } finally {
    if (built === undefined) await image?.discard();
  }
}

const verdictSchema = z.object({ pass: z.boolean(), reason: z.string().max(2_000).optional() });
/** The seconds between two questions to a gate that has not decided yet. */
const [usualWait, longestWait] = [10, 300];

/** Asks a gate until it has decided, or its time is over: 202 says that it has not decided yet. */
async function askedByHttp(
  ports: BuildPorts,
  node: Node,
  task: Task,
  { url, timeoutSeconds }: z.infer<typeof httpTestSchema>,
  { digest, log, signal }: Tested,
): Promise<string | undefined> {
  const until = ports.clock.now().getTime() + timeoutSeconds * 1_000;
  const about = {
    type: 'test',
    build: node.build,
    image: `${task.repository}:${task.tag}`,
    digest,
    reference: `${task.host}/${task.repository}@${digest}`,
  };
  for (;;) {
    const answer = await postSigned(ports, task, {
      to: 'gate',
      url,
      id: `${node.build}-${task.name}-test`,
      body: about,
    });
    if (answer.is !== 'answered') return `its gate was not reached: ${answer.why}`;
    if (answer.status !== 202) return verdictOf(answer, log);
    const now = ports.clock.now();
    const askedMs = parseRetryAfter(answer.headers['retry-after'], now) ?? 1_000 * usualWait;
    const waitMs = Math.min(1_000 * longestWait, Math.max(1_000, askedMs));
    if (now.getTime() + waitMs > until) return `its gate has not decided within ${timeoutSeconds} s`;
    await sleep(waitMs, undefined, { signal });
  }
}

function verdictOf(
  { status, body }: { readonly status: number; readonly body: string },
  log: LogWriter,
): string | undefined {
  if (status < 200 || status > 299) return `its gate answered ${status}`;
  const verdict = verdictSchema.safeParse(jsonIn(body));
  if (!verdict.success) return 'its gate did not answer {"pass": true} or {"pass": false, "reason": "…"}';
  const { pass, reason } = verdict.data;
  if (reason !== undefined) log.write(`its gate says: ${reason}\n`);
  return pass ? undefined : `its gate is closed${reason === undefined ? '' : `: ${reason}`}`;
}
