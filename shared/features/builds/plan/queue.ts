import { replacing, writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import type { Build, BuildQueue, Root } from './documents.ts';
import { buildRef, listOf, queueRef, queueSchema } from './documents.ts';
import { heldBy } from './held.ts';

type QueuePorts = Pick<BuildPorts, 'documents' | 'registry'>;

export async function readQueue({ documents, registry }: QueuePorts): Promise<Stored<BuildQueue> | undefined> {
  return readStored(documents, queueSchema, queueRef(registry));
}

/** The seconds for which an event is remembered: Event Grid delivers an event for a day, and sometimes again. */
const rememberedFor = 7 * 24 * 3600;

/** Puts an update in the queue, once for each event. A later update of the same tag replaces an earlier one. */
export async function putInQueue(ports: QueuePorts, root: Root): Promise<void> {
  await untilUncontended('the queue of builds', async () => {
    const there = await readQueue(ports);
    const waiting = there?.document.waiting ?? [];
    const before = waiting.find((each) => sameTag(each, root));
    // The digest before both updates is the one that images are built on.
    const next = {
      ...root,
      ...defined({ previousDigest: before?.previousDigest, heldBy: before?.heldBy }),
    };
    const kept = waiting.filter((each) => !sameTag(each, root));
    return writeQueue(
      ports,
      there,
      [...kept, before !== undefined && before.updatedAt > root.updatedAt ? before : next],
      root.event,
    );
  });
}

/** Writes the queue, and that the event was seen; `undefined` if another process has written meanwhile. */
async function writeQueue(
  { documents, registry }: QueuePorts,
  there: Stored<BuildQueue> | undefined,
  waiting: Root[],
  event: string,
): Promise<true | undefined> {
  const queue: BuildQueue = {
    id: queueRef(registry).id,
    scope: listOf(registry),
    type: 'lane',
    schemaVersion: 1,
    active: [],
    ...there?.document,
    waiting,
  };
  const outcome = await documents.commitDocuments(
    'builds',
    [listOf(registry)],
    [
      {
        do: 'create',
        document: { id: `seen:${event}`, scope: listOf(registry), type: 'seen', schemaVersion: 1, ttl: rememberedFor },
      },
      writing(there, queue),
    ],
  );
  return outcome.committed || outcome.index === 0 || undefined;
}

function sameTag(a: Root, b: Root): boolean {
  return a.base === b.base && a.tag === b.tag && a.task === b.task && a.retries === b.retries;
}

/** The builds that are under way, in their order. */
export interface UnderWay {
  readonly active: readonly string[];
  /** The build that has just begun, if the images that it makes are known. */
  readonly begun?: { readonly build: string; readonly dependents: ReadonlyMap<string, Dependent> };
}

/** Begins a build of all updates that wait and are held by no build under way. Returns those that are under way then. */
export async function beginNext(ports: BuildPorts): Promise<UnderWay> {
  const { documents, registry, clock } = ports;
  return untilUncontended('the queue of builds', async () => {
    const there = await readQueue(ports);
    if (there === undefined) return { active: [] };
    const { active, waiting } = there.document;
    if (waiting.length === 0 || active.length >= ports.buildsAtOnce) return { active };
    const checked: readonly CheckedRoot[] =
      active.length === 0
        ? waiting.map(({ heldBy: _, ...root }) => ({ root }))
        : await Promise.all(waiting.map((root) => findHolder(ports, active, root)));
    const roots = checked.map(({ root }) => root);
    const free = roots.filter((root) => root.heldBy === undefined);
    const isHeldAsBefore = free.length === 0 && roots.every((root, at) => root.heldBy === waiting[at]?.heldBy);
    if (isHeldAsBefore) return { active };
    const id = stableUuid(
      'build',
      registry,
      free.map(({ event }) => event),
    );
    const begun: Build = {
      id: buildRef(registry, id).id,
      scope: listOf(registry),
      type: 'build',
      schemaVersion: 1,
      registry,
      build: id,
      roots: free,
      state: 'planning',
      images: 0,
      createdAt: clock.now().toISOString(),
    };
    const queue: BuildQueue = {
      ...there.document,
      active: free.length === 0 ? active : [...active, id],
      waiting: roots.filter((root) => root.heldBy !== undefined),
    };
    const outcome = await documents.commitDocuments(
      'builds',
      [listOf(registry)],
      [replacing(there, queue), ...(free.length === 0 ? [] : [{ do: 'upsert' as const, document: { ...begun } }])],
    );
    if (!outcome.committed) return undefined;
    return { active: queue.active, ...defined({ begun: begunWith(id, checked) }) };
  });
}

/** A root, with the build that holds it, and the images that it makes where these were computed. */
interface CheckedRoot {
  readonly root: Root;
  readonly dependents?: ReadonlyMap<string, Dependent>;
}

/** The images of a build with one root are those of the root: they are not computed again to plan it. */
function begunWith(build: string, checked: readonly CheckedRoot[]): UnderWay['begun'] {
  const [first, ...others] = checked.filter(({ root }) => root.heldBy === undefined);
  return first?.dependents === undefined || others.length > 0 ? undefined : { build, dependents: first.dependents };
}

/**
 * Finds the build that holds a root. A root that is held stays so until that build has ended: the images that it would
 * make are not computed again meanwhile.
 */
async function findHolder(
  ports: BuildPorts,
  active: readonly string[],
  { heldBy: before, ...root }: Root,
): Promise<CheckedRoot> {
  if (before !== undefined && active.includes(before)) return { root: { ...root, heldBy: before } };
  const { by, dependents } = await heldBy(ports, active, root);
  return by === undefined ? { root, dependents } : { root: { ...root, heldBy: by } };
}

/**
 * Removes an ended build from the queue, so that the updates that wait for it may begin. Called again it changes
 * nothing.
 */
export async function leaveQueue(ports: QueuePorts, build: string): Promise<void> {
  await untilUncontended('the queue of builds', async () => {
    const there = await readQueue(ports);
    if (there?.document.active.includes(build) !== true) return true;
    const document = { ...there.document, active: there.document.active.filter((each) => each !== build) };
    const outcome = await ports.documents.commitDocuments(
      'builds',
      [listOf(ports.registry)],
      [replacing(there, document)],
    );
    return outcome.committed || undefined;
  });
}
