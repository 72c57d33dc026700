import pLimit from 'p-limit';
import { aboutAmong } from '../../core/documents/about.ts';
import type { BinnedDocument } from '../../core/documents/bin.ts';
import { binnedDocumentSchema } from '../../core/documents/bin.ts';
import { removing } from '../../core/documents/changes.ts';
import { storedAmong, storedWhere } from '../../core/documents/in-repository.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { childrenOf, referrerDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { deleteEvents } from '../../core/events/delete-events.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { publishCommitted } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';
import type { ReconcileMark } from './documents.ts';
import { reconcileMarkSchema } from './documents.ts';
import { goingAlong, keptAmong } from './kept.ts';
import { moveInto, withinOneBatch } from './move.ts';
import type { StorePorts } from './ports.ts';

const queriesAtOnce = 16;

/**
 * The outcome for manifests that are moved along with another one. Those in `moved` are reconciled unless they are in
 * `left`; those in `left` are to be handled one by one.
 */
export interface Along {
  readonly moved: readonly Digest[];
  readonly left: readonly Digest[];
}

/** The outcome of recycling; `tagged` are those that a tag alone keeps. */
interface RecycledAlong extends Along {
  readonly tagged: readonly Digest[];
}

/**
 * Recycles those of these manifests that nothing keeps along with `from`, in one transaction, and reconciles together
 * those that have no neighbours: an image may have thousands of referrers. Manifests that were written to in between,
 * and those with children or referrers of their own, are left to be handled alone.
 */
export async function recycleTogether(
  ports: StorePorts,
  key: RepositoryKey,
  from: BinnedDocument,
  digests: readonly Digest[],
  cause: Cause,
): Promise<RecycledAlong> {
  const along = await goingAlong(ports, key, digests);
  const going = withinOneBatch(along.going);
  const tagged = [...along.stays].flatMap(([digest, by]) => (by === 'tag' ? [digest] : []));
  if (going.length === 0) return { moved: [], left: [], tagged };
  const rest = along.going.filter((each) => !going.includes(each)).map(({ document }) => document.digest);
  const taking = { ...from.recycled, recycledAt: ports.clock.now().toISOString(), dueAt: from.dueAt };
  const events = await moveInto(
    ports,
    { key, taking, cause, makeEvents: deleteEvents(ports, key, cause) },
    { manifests: going.map((manifest) => ({ ...manifest, asked: false })), tags: [] },
  );
  const moved = going.map(({ document }) => document.digest);
  if (events === undefined) return { moved: [], left: [...moved, ...rest], tagged };
  await publishCommitted(ports, key, events);
  return { moved, left: [...(await reconcileTogether(ports, key, moved)), ...rest], tagged };
}

/**
 * Reconciles recycled manifests together: the marks are read before the neighbours, and deleted by their etags
 * afterwards, as in `reconcile`. Returns the digests that are not reconciled by this.
 */
async function reconcileTogether(ports: StorePorts, key: RepositoryKey, digests: readonly Digest[]): Promise<Digest[]> {
  const marks = await storedAmong(ports, key, 'unsettled', digests, reconcileMarkSchema);
  const binned = await storedAmong(ports, key, 'binned', digests, binnedDocumentSchema);
  const lonely = await lonelyAmong(
    ports,
    key,
    binned.map(({ document }) => document),
  );
  const reconciled = marks.filter(({ document }) => lonely.has(document.digest));
  const left = digests.filter((digest) => !lonely.has(digest));
  return (await deleteMarks(ports, key, reconciled)) ? left : [...digests];
}

/** Deletes the marks of reconciled manifests; `false` if one of them was written since it was read. */
export async function deleteMarks(
  ports: StorePorts,
  key: RepositoryKey,
  marks: readonly Stored<ReconcileMark>[],
): Promise<boolean> {
  if (marks.length === 0) return true;
  const changes = marks.map((mark) => removing(mark));
  return (await ports.documents.commitDocuments('repositories', partitionOf(key), changes)).committed;
}

/** Returns those manifests in the recycle bin that nothing keeps and that have no neighbours. */
async function lonelyAmong(
  ports: StorePorts,
  key: RepositoryKey,
  binned: readonly BinnedDocument[],
): Promise<Set<Digest>> {
  const [kept, lonely] = await Promise.all([keptAmong(ports, key, binned), withoutNeighbours(ports, key, binned)]);
  return new Set([...lonely].filter((digest) => !kept.has(digest)));
}

/** Returns those manifests that have no children, and that nothing refers to or is about by the name of its tag. */
export async function withoutNeighbours(
  ports: { readonly documents: QueryDocuments },
  key: RepositoryKey,
  manifests: readonly Pick<ManifestDocument, 'digest' | 'references'>[],
): Promise<Set<Digest>> {
  const digests = manifests.map(({ digest }) => digest);
  const limit = pLimit(queriesAtOnce);
  const [referrers, about] = await Promise.all([
    storedWhere(
      ports,
      key,
      [
        { path: 'type', is: '=', value: 'referrer' },
        { path: 'subject', is: 'in', values: digests },
      ],
      referrerDocumentSchema,
    ),
    aboutAmong(ports.documents, key, digests, limit),
  ]);
  const subjects = new Set(referrers.map(({ document }) => document.subject));
  const alone = manifests.filter(
    (each) => childrenOf(each).length === 0 && !subjects.has(each.digest) && !about.has(each.digest),
  );
  return new Set(alone.map(({ digest }) => digest));
}
