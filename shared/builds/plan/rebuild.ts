import { digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { BuiltImage } from '../../ports/runner.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { isLoopbackHost } from '../loopback.ts';
import { causeOfBuild } from './cause.ts';
import type { Node } from './documents.ts';
import type { LogWriter } from './log.ts';
import type { MadeImage } from './make-image.ts';
import { hostOf } from './host.ts';

interface Running {
  readonly log: LogWriter;
  readonly signal: AbortSignal;
}

/** Builds a task's image by the runner, pushes it by its digest, and tests it. Throws `StoreFailure`. */
export async function rebuild(ports: BuildPorts, node: Node, task: Task, { log, signal }: Running): Promise<MadeImage> {
  const { runner, images, registry } = ports;
  if (runner === undefined) return { is: 'refused', why: 'nothing builds images here: set LONGSHORE_RUNNER' };
  const { context, dockerfile, target, arguments: given, platform, timeoutSeconds, test } = task.settings;
  const archive = await images.openBlob({ registry, repository: context.repository }, context.digest);
  if (archive === undefined) return { is: 'refused', why: `its context is gone: ${context.repository} has no blob ${context.digest}` };
  const job = { id: `${node.build}-${node.attempts}`, context: archive, dockerfile, target, arguments: given, platform, plainHosts: plainHosts(ports, task), timeoutMs: timeoutSeconds * 1_000 };
  const built = await runner.build(job, (text) => { log.write(text); }, signal);
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
