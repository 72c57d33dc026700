import { digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { BuiltImage } from '../../ports/runner.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { openContext } from '../tasks/open-context.ts';
import { buildElsewhere } from '../elsewhere/build-elsewhere.ts';
import { causeOfBuild } from './cause.ts';
import type { Node } from './documents.ts';
import { gateOf } from './gate.ts';
import { commitFor } from './commit-for.ts';
import type { Running } from './commit-for.ts';
import type { MadeImage } from './make-image.ts';
import { hostOf, plainHosts } from './host.ts';

/** Builds a task's image by the runner, pushes it by its digest, and tests it. Throws `StoreFailure`. */
export async function rebuild(ports: BuildPorts, node: Node, task: Task, { log, lease, from }: Running): Promise<MadeImage> {
  if (task.settings.runner !== undefined) return buildElsewhere(ports, node, task, { log, lease, from });
  const { runner } = ports;
  if (runner === undefined) return { is: 'refused', why: 'nothing builds images here: set LONGSHORE_RUNNER' };
  const { context, dockerfile, target, arguments: given, platform, timeoutSeconds } = task.settings;
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
    const image = { digest: digestOf(built.image.manifest), bytes: built.image.manifest, mediaType: mediaTypes.ociManifest };
    return { is: 'made', how: 'built', image, conflicts: [], ...(await gateOf(ports, node, task, { digest: image.digest, built: built.image, log, signal: lease.signal })) };
  } finally {
    await built.image.discard();
  }
}

async function pushed({ images, ...ports }: BuildPorts, { registry, repository, build }: Node, image: BuiltImage): Promise<void> {
  const key = { registry, repository };
  const { config, layers } = parseManifest(image.manifest, mediaTypes.ociManifest);
  for (const { digest } of [...layers, ...(config === undefined ? [] : [config])]) await images.storeBlob(key, digest, () => image.openBlob(digest));
  await images.pushImage(key, { reference: digestOf(image.manifest), bytes: image.manifest, mediaType: mediaTypes.ociManifest, cause: causeOfBuild(build, hostOf(ports)) });
}
