import { defined } from '../../../core/documents/defined.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { digestOf } from '../../../core/oci/digest.ts';
import { parseManifest } from '../../../core/oci/manifest.ts';
import { mediaTypes } from '../../../core/oci/media-types.ts';
import { withoutUser } from '../../../core/outbound/shown-url.ts';
import type { BuildJob, BuiltImage, Runner } from '../../../core/ports/runner.ts';
import { buildByRunner } from '../jobs/build-by-runner.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { argumentsOf, platformsOf } from '../tasks/documents.ts';
import { openContext } from '../tasks/open-context.ts';
import { causeOfBuild } from './cause.ts';
import type { Running } from './commit-for.ts';
import { readyTask } from './commit-for.ts';
import type { Node } from './documents.ts';
import { gateOf } from './gate.ts';
import { hostOf } from './host.ts';
import type { MadeImage } from './made-image.ts';
import { movedPins } from './pins.ts';
import { accessFor, plainHosts } from './registry-access.ts';
import { takeTurn } from './turn.ts';

/** The parts of an order that all platforms of an image have in common. */
interface Order {
  readonly runner: Runner;
  readonly commit: string | undefined;
  readonly pins: BuildJob['pins'];
  readonly secrets: Readonly<Record<string, string>>;
}

/** Builds a task's image by the runner, pushes it by its digest, and tests it. Throws `StoreFailure`. */
export async function rebuild(ports: BuildPorts, node: Node, requested: Task, running: Running): Promise<MadeImage> {
  // A build that a runner has begun has had its turn, however long ago.
  const turnAt = node.remote?.startedAt === undefined ? await takeTurn(ports, node, requested) : undefined;
  if (turnAt !== undefined) return waitForTurn(node, running, turnAt.toISOString());
  if (requested.settings.runner !== undefined) return buildByRunner(ports, node, requested, running);
  if (ports.runner === undefined) return { is: 'refused', why: 'no runner builds images here: set LONGSHORE_RUNNER' };
  const ready = await readyTask(ports, node, requested, running.lease);
  if ('is' in ready) return ready;
  const { task, commit } = ready;
  const secrets = await secretsOf(ports, task);
  if (typeof secrets === 'string') return { is: 'refused', why: secrets };
  running.log.hide(Object.values(secrets));
  const order = { runner: ports.runner, commit, secrets, pins: await movedPins(ports, task) };
  const made = await (platformsOf(task.settings).length > 1 ? rebuildAll : rebuildOne)(ports, node, task, {
    ...running,
    ...order,
  });
  return made.is === 'made' && commit !== undefined ? { ...made, commit } : made;
}

/**
 * Leaves the image until its turn. No process holds it meanwhile, and it was not begun, so that counts as no attempt.
 */
async function waitForTurn({ attempts }: Node, { lease }: Running, turnAt: string): Promise<MadeImage> {
  await lease.write({ state: 'ready', dueAt: turnAt, turnAt, attempts: attempts - 1 });
  return { is: 'with a runner' };
}

async function rebuildOne(ports: BuildPorts, node: Node, task: Task, running: Running & Order): Promise<MadeImage> {
  const built = await buildFor(ports, node, task, running, platformsOf(task.settings)[0] ?? '');
  if (built.is === 'failed') return { is: 'refused', why: built.why };
  try {
    await push(ports, node, built.image);
    const image = {
      digest: digestOf(built.image.manifest),
      bytes: built.image.manifest,
      mediaType: mediaTypes.ociManifest,
    };
    const {
      log,
      lease: { signal },
    } = running;
    return {
      is: 'made',
      how: 'built',
      image,
      conflicts: [],
      ...(await gateOf(ports, node, task, { digest: image.digest, built: built.image, log, signal })),
    };
  } finally {
    await built.image.discard();
  }
}

/**
 * Builds an image for each platform, one after the other, and an index of them in the task's order: the same images
 * make the same index.
 */
async function rebuildAll(ports: BuildPorts, node: Node, task: Task, running: Running & Order): Promise<MadeImage> {
  const { log, lease } = running;
  const manifests: object[] = [];
  let done = node.pushed ?? {};
  for (const platform of platformsOf(task.settings)) {
    const there = await pushedFor(ports, node, done[platform]);
    const made = there ?? (await buildAndPush(ports, node, task, running, platform));
    if ('why' in made) return { is: 'refused', why: `${platform}: ${made.why}` };
    // A process that takes over does not build it again.
    done = { ...done, [platform]: made.digest };
    if (there === undefined && !(await lease.write({ pushed: done }))) lease.signal.throwIfAborted();
    const [os, architecture, variant] = platform.split('/');
    manifests.push({
      mediaType: mediaTypes.ociManifest,
      ...made,
      platform: { os, architecture, ...defined({ variant }) },
    });
  }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  const image = { digest: digestOf(bytes), bytes, mediaType: mediaTypes.ociIndex };
  const { registry, repository, build } = node;
  await ports.images.pushImage(
    { registry, repository },
    { reference: image.digest, bytes, mediaType: image.mediaType, cause: causeOfBuild(build, hostOf(ports)) },
  );
  return {
    is: 'made',
    how: 'built',
    image,
    conflicts: [],
    ...(await gateOf(ports, node, task, { digest: image.digest, log, signal: lease.signal })),
  };
}

async function pushedFor(
  { images }: BuildPorts,
  { registry, repository }: Node,
  digest: Digest | undefined,
): Promise<{ digest: Digest; size: number } | undefined> {
  const image = digest === undefined ? undefined : await images.readImage({ registry, repository }, digest);
  return image === undefined ? undefined : { digest: image.digest, size: image.bytes.length };
}

async function buildAndPush(
  ports: BuildPorts,
  node: Node,
  task: Task,
  running: Running & Order,
  platform: string,
): Promise<{ digest: Digest; size: number } | { why: string }> {
  running.log.write(`for ${platform}:\n`);
  const built = await buildFor(ports, node, task, running, platform);
  if (built.is === 'failed') return { why: built.why };
  try {
    await push(ports, node, built.image);
    return { digest: digestOf(built.image.manifest), size: built.image.manifest.length };
  } finally {
    await built.image.discard();
  }
}

async function buildFor(
  ports: BuildPorts,
  node: Node,
  task: Task,
  { runner, commit, secrets, pins, log, lease }: Running & Order,
  platform: string,
): ReturnType<Runner['build']> {
  const { context, dockerfile, target, timeoutSeconds } = task.settings;
  const opened = await openContext(ports, context, commit);
  if (opened.is === 'refused') return { is: 'failed', why: `its context cannot be read: ${opened.why}` };
  const annotations: Record<string, string> =
    'git' in context && commit !== undefined
      ? { 'org.opencontainers.image.source': withoutUser(context.git), 'org.opencontainers.image.revision': commit }
      : {};
  const job = {
    id: `${node.build}-${node.attempts}`,
    context: opened.tar,
    secrets,
    annotations,
    dockerfile,
    pins,
    target,
    arguments: argumentsOf(task),
    platform,
    plainHosts: plainHosts(ports, task),
    ownHosts: ports.ownHosts,
    access: await accessFor(ports, node, task, timeoutSeconds),
    timeoutMs: timeoutSeconds * 1_000,
  };
  return runner.build(
    job,
    (text) => {
      log.write(text);
    },
    lease.signal,
  );
}

/** Reads the secrets of a task by their ids; or says why one of them cannot be had. */
async function secretsOf(
  { secrets: vault }: BuildPorts,
  { name, settings: { secrets } }: Task,
): Promise<Record<string, string> | string> {
  const values = await Promise.all(
    secrets.map(async ({ id, secret }) => [id, await vault.readUserSecret(secret, { buildOf: name })] as const),
  );
  const had: [string, string][] = [];
  for (const [id, found] of values) {
    if ('why' in found) return found.why;
    had.push([id, found.value]);
  }
  return Object.fromEntries(had);
}

async function push(
  { images, ...ports }: BuildPorts,
  { registry, repository, build }: Node,
  image: BuiltImage,
): Promise<void> {
  const key = { registry, repository };
  const { config, layers } = parseManifest(image.manifest, mediaTypes.ociManifest);
  for (const { digest } of [...layers, ...(config === undefined ? [] : [config])])
    await images.storeBlob(key, digest, () => image.openBlob(digest));
  await images.pushImage(key, {
    reference: digestOf(image.manifest),
    bytes: image.manifest,
    mediaType: mediaTypes.ociManifest,
    cause: causeOfBuild(build, hostOf(ports)),
  });
}
