import { digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { BuiltImage } from '../../ports/runner.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { commitOf, openContext } from '../tasks/open-context.ts';
import { followCommit } from '../tasks/tasks.ts';
import { learnTag } from '../edges/learn.ts';
import { isLoopbackHost } from '../loopback.ts';
import { causeOfBuild } from './cause.ts';
import type { Node } from './documents.ts';
import type { Lease } from './lease.ts';
import type { LogWriter } from './log.ts';
import type { MadeImage } from './make-image.ts';
import { hostOf } from './host.ts';

interface Running {
  readonly log: LogWriter;
  readonly lease: Pick<Lease, 'write' | 'signal'>;
}

/** Builds a task's image by the runner, pushes it by its digest, and tests it. Throws `StoreFailure`. */
export async function rebuild(ports: BuildPorts, node: Node, task: Task, { log, lease }: Running): Promise<MadeImage> {
  const { runner } = ports;
  if (runner === undefined) return { is: 'refused', why: 'nothing builds images here: set LONGSHORE_RUNNER' };
  const { context, dockerfile, target, arguments: given, platform, timeoutSeconds, test } = task.settings;
  const commit = await commitFor(ports, node, task, lease);
  if (typeof commit === 'object') return commit;
  const opened = await openContext(ports, context, commit);
  if (opened.is === 'refused') return { is: 'refused', why: `its context cannot be had: ${opened.why}` };
  const annotations: Record<string, string> = 'git' in context && commit !== undefined ? { 'org.opencontainers.image.source': context.git, 'org.opencontainers.image.revision': commit } : {};
  const job = { id: `${node.build}-${node.attempts}`, context: opened.tar, annotations, dockerfile, target, arguments: given, platform, plainHosts: plainHosts(ports, task), timeoutMs: timeoutSeconds * 1_000 };
  const built = await runner.build(job, (text) => { log.write(text); }, lease.signal);
  if (built.is === 'failed') return { is: 'refused', why: built.why };
  try {
    await pushed(ports, node, built.image);
    const passed = test === undefined ? undefined : await built.image.test(test.command, test.timeoutSeconds * 1_000);
    const image = { digest: digestOf(built.image.manifest), bytes: built.image.manifest, mediaType: mediaTypes.ociManifest };
    return { is: 'made', how: 'built', image, conflicts: [], ...(passed?.is === 'failed' ? { gate: passed.why } : {}) };
  } finally {
    await built.image.discard();
  }
}

/** The commit of a context in git: the one that was written down when this was taken up before, or where its reference is now. The task follows that one's Dockerfile. */
async function commitFor(ports: BuildPorts, node: Node, task: Task, lease: Running['lease']): Promise<string | undefined | { is: 'refused'; why: string }> {
  const { context } = task.settings;
  if (!('git' in context)) return undefined;
  const commit = node.commit ?? (await commitOf(ports, context));
  if (typeof commit !== 'string') return commit;
  if (node.commit === undefined && !(await lease.write({ commit }))) lease.signal.throwIfAborted();
  if (await followCommit(ports, task, commit)) await learnTag(ports, task, task.tag, { isAgain: true });
  return commit;
}

/** A registry on this machine speaks no TLS. */
export function plainHosts({ ownHosts }: Pick<BuildPorts, 'ownHosts'>, { host, bases }: Pick<Task, 'host' | 'bases'>): string[] {
  return [...new Set([...ownHosts, host, ...bases.map(({ said }) => said.split('/', 1)[0] ?? '')])].filter(isLoopbackHost);
}

async function pushed({ images, ...ports }: BuildPorts, { registry, repository, build }: Node, image: BuiltImage): Promise<void> {
  const key = { registry, repository };
  const { config, layers } = parseManifest(image.manifest, mediaTypes.ociManifest);
  for (const { digest } of [...layers, ...(config === undefined ? [] : [config])]) await images.storeBlob(key, digest, () => image.openBlob(digest));
  await images.pushImage(key, { reference: digestOf(image.manifest), bytes: image.manifest, mediaType: mediaTypes.ociManifest, cause: causeOfBuild(build, hostOf(ports)) });
}
