import { untilUncontended } from '../../state/contention.ts';
import { readStored } from '../../state/stored.ts';
import type { Stored } from '../../state/stored.ts';
import type { BuildPorts } from '../ports.ts';
import { buildRef, laneRef, laneSchema, listOf, madeId } from './documents.ts';
import type { Build, Lane, Root } from './documents.ts';

type LanePorts = Pick<BuildPorts, 'documents' | 'registry' | 'clock'>;

export async function readLane({ documents, registry }: LanePorts): Promise<Stored<Lane> | undefined> {
  return readStored(documents, laneSchema, laneRef(registry));
}

/** Event Grid delivers an event for a day, and sometimes again. In seconds. */
const rememberedFor = 7 * 24 * 3600;

/** Puts an update in line, once for each event. A later one of the same tag takes the place of an earlier one. */
export async function putInLine(ports: LanePorts, root: Root): Promise<void> {
  await untilUncontended('the line of builds', async () => {
    const there = await readLane(ports);
    const waiting = there?.document.waiting ?? [];
    const before = waiting.find((each) => sameTag(each, root));
    // What was there before both: that is what images are built on.
    const next = { ...root, ...(before?.previousDigest === undefined ? {} : { previousDigest: before.previousDigest }) };
    const kept = waiting.filter((each) => !sameTag(each, root));
    return put(ports, there, [...kept, before !== undefined && before.updatedAt > root.updatedAt ? before : next], root.event);
  });
}

/** `undefined` when somebody else has written meanwhile. */
async function put({ documents, registry }: LanePorts, there: Stored<Lane> | undefined, waiting: Root[], event: string): Promise<true | undefined> {
  const lane: Lane = { id: laneRef(registry).id, task: listOf(registry), type: 'lane', schemaVersion: 1, ...there?.document, waiting };
  const outcome = await documents.commitDocuments('builds', [listOf(registry)], [
    { do: 'create', document: { id: `seen:${event}`, task: listOf(registry), type: 'seen', schemaVersion: 1, ttl: rememberedFor } },
    there === undefined ? { do: 'create', document: { ...lane } } : { do: 'replace', document: { ...lane }, ifMatch: there.etag },
  ]);
  return outcome.committed || outcome.index === 0 || undefined;
}

function sameTag(a: Root, b: Root): boolean {
  return a.base === b.base && a.tag === b.tag && a.task === b.task && a.retries === b.retries;
}

/** Begins a build of all that waits, unless one is under way. Gives the one that is under way then; `undefined` when nothing is to be done. */
export async function beginNext(ports: LanePorts): Promise<string | undefined> {
  const { documents, registry, clock } = ports;
  const outcome = await untilUncontended('the line of builds', async () => {
    const there = await readLane(ports);
    if (there === undefined || there.document.active !== undefined || there.document.waiting.length === 0) return { active: there?.document.active };
    const { waiting } = there.document;
    const id = madeId('build', registry, waiting.map(({ event }) => event));
    const build: Build = { id: buildRef(registry, id).id, task: listOf(registry), type: 'build', schemaVersion: 1, registry, build: id, roots: waiting, state: 'planning', images: 0, createdAt: clock.now().toISOString() };
    const lane: Lane = { ...there.document, active: id, waiting: [] };
    const begun = await documents.commitDocuments('builds', [listOf(registry)], [{ do: 'replace', document: { ...lane }, ifMatch: there.etag }, { do: 'upsert', document: { ...build } }]);
    return begun.committed ? { active: id } : undefined;
  });
  return outcome.active;
}

/** Lets the next build begin. Asked again it changes nothing. */
export async function leaveLane(ports: LanePorts, build: string): Promise<void> {
  await untilUncontended('the line of builds', async () => {
    const there = await readLane(ports);
    if (there?.document.active !== build) return true;
    const { active: _, ...document } = there.document;
    const outcome = await ports.documents.commitDocuments('builds', [listOf(ports.registry)], [{ do: 'replace', document, ifMatch: there.etag }]);
    return outcome.committed || undefined;
  });
}
