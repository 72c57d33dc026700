import { inBatches } from '../../core/documents/batches.ts';
import { removing, writing } from '../../core/documents/changes.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { JsonDocument } from '../../core/ports/documents.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import { dueDocument, dueId } from './documents.ts';
import type { PolicyPorts } from './ports.ts';

/**
 * A mark says when a policy is to judge a manifest again (`purge-due`). It is written on the condition of the state in
 * which it was read, and it is read before all facts of the judgement: so a judgement by older facts never replaces one
 * by newer facts, however many events of one manifest are handled at once.
 */
export interface Marked {
  readonly digest: Digest;
  /** The manifest; absent when it is not live. */
  readonly live?: Stored<ManifestDocument>;
  /** The stored marks by their ids. */
  readonly marks: ReadonlyMap<string, Stored<JsonDocument>>;
}

/**
 * Reads a manifest and the marks of these policies, in one query. The marks come first, so none is newer than the
 * manifest. Throws `StoreFailure`, and `UnreadableDocument` for a manifest of another shape.
 */
export async function readMarked(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  digest: Digest,
  policies: readonly string[],
): Promise<Marked> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const { id } = manifestRef(key, digest);
  const ids = [id, ...policies.map((policy) => dueId(policy, digest))];
  const marks = new Map<string, Stored<JsonDocument>>();
  let live: Stored<ManifestDocument> | undefined;
  for await (const found of documentsOf(documents, {
    container,
    partition,
    where: [{ path: 'id', is: 'in', values: ids }],
    orderBy: { path: 'id', direction: 'desc' },
    limit: ids.length,
  })) {
    if (found.document.id === id) live = parseStored(manifestDocumentSchema, found, { container, partition });
    else marks.set(found.document.id, found);
  }
  return live === undefined ? { digest, marks } : { digest, live, marks };
}

/** By the name of a policy, when it is to look again; `undefined` if nothing will make it due but a change. */
export type Recheck = readonly [policy: string, at: number | undefined];

/**
 * Writes when policies are to judge again; `false` if somebody else has written a mark since. A mark is written also if
 * it does not change, so that a judgement by older facts fails.
 */
export async function writeRechecks(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  { digest, marks }: Pick<Marked, 'digest' | 'marks'>,
  rechecks: readonly Recheck[],
): Promise<boolean> {
  const changes = rechecks.flatMap(([policy, at]) => {
    const before = marks.get(dueId(policy, digest));
    if (at !== undefined) return [writing(before, dueDocument(key, policy, digest, at))];
    return before === undefined ? [] : [removing(before)];
  });
  for (const some of inBatches(changes, maxChangesPerCommit))
    if (!(await documents.commitDocuments('repositories', partitionOf(key), some)).committed) return false;
  return true;
}

/** Returns the rechecks that are wanted, and none later than what is marked. */
export function onlyEarlier({ digest, marks }: Marked, rechecks: readonly Recheck[]): Recheck[] {
  return rechecks.flatMap(([policy, at]) => {
    const before = Date.parse(String(marks.get(dueId(policy, digest))?.document.dueAt));
    return at === undefined ? [] : [[policy, Number.isNaN(before) ? at : Math.min(before, at)]];
  });
}
