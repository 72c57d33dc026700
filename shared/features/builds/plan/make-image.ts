import { defined } from '../../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RepositoryName } from '../../../core/oci/name.ts';
import type { PushedBy } from '../../../core/oci/principal.ts';
import type { StoredImage } from '../../../core/ports/images.ts';
import type { BaseFound } from '../bases/documents.ts';
import { baseDigestsIn, findBases, mergedBases } from '../bases/find-bases.ts';
import { hostsSaid, ownRepository, shownReference } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { RebaseOutcome } from '../rebase/rebase.ts';
import { rebase } from '../rebase/rebase.ts';
import type { Task } from '../tasks/documents.ts';
import { tagOf, tagValues } from '../tasks/tag-templates.ts';
import { basesOfTask, readTask } from '../tasks/tasks.ts';
import { cancelled, isCancelled } from './cancel.ts';
import { causeOfBuild } from './cause.ts';
import type { Node } from './documents.ts';
import { nodeRef, nodeSchema } from './documents.ts';
import { gateOf } from './gate.ts';
import { hostOf } from './host.ts';
import type { NodeLease } from './lease.ts';
import { LogWriter } from './log.ts';
import type { MadeImage } from './made-image.ts';
import type { Relation } from './permits.ts';
import { permitFor } from './permits.ts';
import { policyFor, readPolicies } from './policies.ts';
import { rebuild } from './rebuild.ts';
import { ruleOf } from './rules.ts';

/** The end state of an image. */
export type Ended = Pick<Node, 'state'> &
  Partial<Pick<Node, 'digest' | 'digestBefore' | 'conflicts' | 'because' | 'isGated' | 'isCancelled' | 'how'>>;

/**
 * Makes an image anew, and moves its tag after it has passed its test, only if the tag is where it was when this began.
 * Returns `undefined` if another process has taken over. Throws `StoreFailure`, `RegistryError` (as a push).
 */
export async function makeImage(ports: BuildPorts, node: Node, lease: NodeLease): Promise<Ended | undefined> {
  const { registry, repository, tag, digestBefore, digest } = node;
  const key = { registry, repository };
  const at = (await readStored(ports.documents, tagDocumentSchema, tagRef(key, tag)))?.document;
  // Read by its digest: the pusher whose rights are checked must be the one of this very image.
  const app = at === undefined ? undefined : await ports.images.readImage(key, at.digest);
  // The tag was moved by a process that died before it could write that.
  if (digest !== undefined && node.isGated === undefined && app?.digest === digest)
    return {
      state: 'succeeded',
      digest,
      ...defined({ digestBefore, how: node.how }),
    };
  if (await isCancelled(ports, node.build)) return cancelled;
  if (app === undefined && node.madeBy === undefined) return { state: 'failed', because: 'its tag was deleted' };
  const task = node.madeBy === undefined ? undefined : await readTask(ports, node.madeBy);
  const made = await lease.keptDuring(() => rebaseOrBuild(ports, node, { app, task, lease, pushedBy: at?.pushedBy }));
  // A job began with the tag as it was then.
  const from = node.remote?.from ?? app?.digest ?? 'nothing';
  const before = defined({ digestBefore: from === 'nothing' ? undefined : from });
  if (made.is === 'refused') return { state: 'failed', ...before, because: made.why };
  if (made.is === 'with a runner') return undefined;
  if (made.is === 'same') return { state: 'same', ...defined({ digest: app?.digest }) };
  const { image, conflicts, gate, how } = made;
  const pushedBy = how === 'rebased' ? at?.pushedBy : pusherOfBuilt(ports, task);
  const ends = {
    ...before,
    how,
    digest: image.digest,
    ...defined({ conflicts: conflicts.length === 0 ? undefined : [...conflicts] }),
  };
  if (gate !== undefined) return { state: 'failed', ...ends, because: gate, isGated: true };
  // Written before the tag moves: a process that finds the tag moved can then tell who moved it.
  if (!(await lease.write(ends))) return undefined;
  if (task !== undefined) await pushFurtherTags(ports, node, task, { commit: node.commit, pushedBy, ...made });
  await ports.images.pushImage(key, {
    reference: tag,
    bytes: image.bytes,
    mediaType: image.mediaType,
    cause: causeOfBuild(node.build, hostOf(ports)),
    pushedBy,
    onlyIfAt: from,
  });
  return { state: 'succeeded', ...ends };
}

/**
 * Returns the pusher of an image that was built, which is the task; a rebased image keeps the pusher of the image
 * before.
 */
function pusherOfBuilt({ clock }: BuildPorts, task: Task | undefined): PushedBy | undefined {
  return task === undefined ? undefined : { who: { is: 'task', name: task.name }, at: clock.now().toISOString() };
}

/**
 * Pushes the further tags of an image. It does so before its own tag moves: after a crash in between they are pushed
 * again, and a client that finds the own tag moved finds these too.
 */
async function pushFurtherTags(
  ports: BuildPorts,
  { registry, repository, build }: Node,
  task: Task,
  {
    commit,
    pushedBy,
    image: { digest, bytes, mediaType },
  }: Pick<Extract<MadeImage, { is: 'made' }>, 'image'> & {
    readonly commit: string | undefined;
    readonly pushedBy: PushedBy | undefined;
  },
): Promise<void> {
  const values = tagValues({ build, task: task.name, digest, commit, now: ports.clock.now() });
  const tags = task.settings.tags.flatMap((template) => tagOf(template, values) ?? []);
  for (const reference of tags)
    await ports.images.pushImage(
      { registry, repository },
      { reference, bytes, mediaType, cause: causeOfBuild(build, hostOf(ports)), pushedBy },
    );
}

interface Making {
  /** The image that its tag points at now. */
  readonly app: StoredImage | undefined;
  /** The pusher of that image. */
  readonly pushedBy: PushedBy | undefined;
  readonly task: Task | undefined;
  readonly lease: NodeLease;
}

async function rebaseOrBuild(
  ports: BuildPorts,
  node: Node,
  { app, task, lease, pushedBy }: Making,
): Promise<MadeImage> {
  const log = new LogWriter(ports, node);
  try {
    const rebased =
      node.mode === 'rebuild' || app === undefined
        ? undefined
        : await rebaseOntoFirstFitting(ports, node, { app, task, pushedBy });
    if (rebased?.is === 'rebased')
      return {
        ...rebased,
        is: 'made',
        how: 'rebased',
        ...(task === undefined
          ? {}
          : await gateOf(ports, node, task, { digest: rebased.image.digest, log, signal: lease.signal })),
      };
    if (rebased?.is === 'same') return rebased;
    if (node.mode === 'rebase' || task === undefined)
      return (
        rebased ?? {
          is: 'refused',
          why: node.madeBy === undefined ? 'no task says how it is built' : `its task "${node.madeBy}" was deleted`,
        }
      );
    if (rebased !== undefined) log.write(`it cannot be rebased, so it is built: ${rebased.why}\n`);
    return await rebuild(ports, node, task, { log, lease, from: app?.digest ?? 'nothing' });
  } finally {
    await log.end();
  }
}

/**
 * Rebases an image onto the first of its updated bases that fits. An image begins with the layers of one of them: the
 * others went into stages that are gone.
 */
async function rebaseOntoFirstFitting(
  ports: BuildPorts,
  node: Node,
  making: Pick<Making, 'task' | 'pushedBy'> & { readonly app: StoredImage },
): Promise<RebaseOutcome> {
  const outcomes: RebaseOutcome[] = [];
  const known = await readKnown(ports, node, making);
  for (const base of node.bases) {
    const repository = ownRepository(ports.registry, base.base);
    if (repository === undefined) continue;
    const outcome = await rebaseOnto(ports, node, { ...making, ...known }, { ...base, repository });
    if (outcome.is === 'rebased') return outcome;
    outcomes.push(outcome);
  }
  return (
    outcomes.find(({ is }) => is === 'same') ??
    outcomes[0] ?? { is: 'refused', why: 'none of its bases is an image of this registry' }
  );
}

interface Known {
  /** The bases that the image itself names. */
  readonly found: readonly BaseFound[];
  /** Those bases, and those of its task's Dockerfile. */
  readonly all: readonly BaseFound[];
  readonly rule: Relation['rule'];
}

async function readKnown(
  ports: BuildPorts,
  node: Node,
  { app, task }: Pick<Making, 'task'> & { readonly app: StoredImage },
): Promise<Known> {
  // Edges are learned later than an image is pushed, and a base may have moved on while the image was made: so the
  // image itself is read.
  const ownHosts = [
    ...new Set([...ports.ownHosts, ...hostsSaid(node.bases), ...(task === undefined ? [] : [task.host])]),
  ];
  const [found, policies] = await Promise.all([
    findBases(ports, node, app, ownHosts),
    task === undefined ? readPolicies(ports.documents, ports.registry) : [],
  ]);
  return {
    found,
    all: mergedBases([...(task === undefined ? [] : basesOfTask(task)), ...found]),
    rule: { ...ruleOf(task, policyFor(policies, node)), mode: node.mode },
  };
}

async function rebaseOnto(
  ports: BuildPorts,
  node: Node,
  { app, pushedBy, found, all, rule }: Pick<Making, 'pushedBy'> & Known & { readonly app: StoredImage },
  { base, tag, said, old, repository }: Node['bases'][number] & { readonly repository: RepositoryName },
): Promise<RebaseOutcome> {
  // Checked once more, since rights end, and the image may be another one by now.
  const permit = await permitFor(ports, {
    image: node,
    pushedBy,
    base,
    found: all.filter((each) => each.base === base).flatMap((each) => each.found),
    rule,
  });
  if (permit.is === 'refused') return permit;
  const baseKey = { registry: node.registry, repository };
  const next = await ports.images.readPullable(baseKey, tag);
  if (next === undefined)
    return {
      is: 'refused',
      why: `its base ${shownReference({ base, tag })} was deleted, or its attributes forbid pulls`,
    };
  return rebase(ports, {
    key: { registry: node.registry, repository: node.repository },
    app,
    baseKey,
    old: [
      ...found.filter((each) => each.base === base).flatMap(baseDigestsIn),
      ...old,
      ...(await replacedDigests(ports, node, baseKey, tag)),
    ],
    next,
    said,
    cause: causeOfBuild(node.build, hostOf(ports)),
    byLayers: permit.by === 'layers',
  });
}

/** Returns the digest of the base before this very build has made it anew. */
async function replacedDigests(
  { documents }: BuildPorts,
  { build }: Node,
  { repository }: Pick<Node, 'repository'>,
  tag: Node['tag'],
): Promise<Digest[]> {
  const found = await readStored(documents, nodeSchema, nodeRef(build, { repository, tag }));
  return found?.document.digestBefore === undefined ? [] : [found.document.digestBefore];
}
