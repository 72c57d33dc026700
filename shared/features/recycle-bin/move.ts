import { binManifest, binTag } from '../../core/documents/bin.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { isRecorded, recordEvent } from '../../core/events/outbox.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { Deletion } from './deletion.ts';
import { recycledEvent } from './deletion.ts';
import { reconcileMarkChange } from './documents.ts';
import type { StorePorts } from './ports.ts';

/**
 * A batch holds 100 changes. A tag takes 3 (itself, its document in the recycle bin, its event), a manifest 5 (its edge
 * and its mark too).
 */
export const tagsAtOnce = 30;
export const manifestsAtOnce = 19;

type Asked<T> = Stored<T> & { readonly asked: boolean };

/**
 * Recycles in one transaction at most `tagsAtOnce` tags and one manifest, or `manifestsAtOnce` manifests. Returns the
 * events to publish; `undefined` if one of the documents was written since it was read.
 */
export async function moveInto(
  ports: StorePorts,
  deletion: Deletion,
  moved: { readonly manifests: readonly Asked<ManifestDocument>[]; readonly tags: readonly Asked<TagDocument>[] },
): Promise<CloudEvent[] | undefined> {
  const { key, taking, makeEvents } = deletion;
  const [manifests, tags] = [
    moved.manifests.map(({ document }) => document),
    moved.tags.map(({ document }) => document),
  ];
  const recycled = recycledEvent(ports, deletion, { manifests, tags });
  const events = [
    ...tags.map((tag) => makeEvents.tagDeleted(tag)),
    ...manifests.map((manifest) => makeEvents.manifestDeleted(manifest, tags)),
    recycled,
  ];
  const { committed } = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    ...moved.tags.flatMap((tag) => binTag(tag, taking, tag.asked)),
    ...moved.manifests.flatMap((manifest) => binManifest(manifest, taking, manifest.asked)),
    ...manifests.map(({ digest }) => reconcileMarkChange(key, digest, ports.clock.now())),
    ...events.map((event) => recordEvent(key, event)),
  ]);
  return committed || (await isRecorded(ports.documents, key, recycled)) ? events : undefined;
}

/** The bytes of JSON in one batch, which holds 2 MB; a manifest's document may be half of that. */
const batchBytes = 1_000_000;

/** Returns the first manifests, as many as one transaction may move. */
export function withinOneBatch<T extends object>(manifests: readonly Stored<T>[]): Stored<T>[] {
  let bytes = 0;
  return manifests.slice(0, manifestsAtOnce).filter(({ document }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(document));
    return index === 0 || bytes <= batchBytes;
  });
}

/** Splits manifests into as many transactions as they need. */
export function transactionsOf<T extends object>(all: readonly Stored<T>[]): Stored<T>[][] {
  const transactions: Stored<T>[][] = [];
  let rest = all;
  while (rest.length > 0) {
    const next = withinOneBatch(rest);
    rest = rest.filter((each) => !next.includes(each));
    transactions.push(next);
  }
  return transactions;
}
