import { binManifest, binTag } from '../../core/documents/bin.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { isRecorded, recordEvent } from '../../core/events/outbox.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { Deletion } from './deletion.ts';
import { recycledEvent } from './deletion.ts';
import { unsettledChange } from './documents.ts';
import type { StorePorts } from './ports.ts';

/**
 * A batch holds 100 changes: a tag is 3 (itself, the same in the bin, its event), a manifest 5 (also its edge, and that
 * it is unsettled).
 */
export const tagsAtOnce = 30;
export const manifestsAtOnce = 19;

type Asked<T> = Stored<T> & { readonly asked: boolean };

/**
 * One step of a deletion, in one transaction: at most `tagsAtOnce` tags and one manifest, or `manifestsAtOnce`
 * manifests. Gives the events to publish; `undefined` when somebody wrote one of the documents since it was read.
 */
export async function moveInto(
  ports: StorePorts,
  deletion: Deletion,
  moved: { readonly manifests: readonly Asked<ManifestDocument>[]; readonly tags: readonly Asked<TagDocument>[] },
): Promise<CloudEvent[] | undefined> {
  const { key, taking, told } = deletion;
  const [manifests, tags] = [
    moved.manifests.map(({ document }) => document),
    moved.tags.map(({ document }) => document),
  ];
  const recycled = recycledEvent(ports, deletion, { manifests, tags });
  const events = [
    ...tags.map((tag) => told.tagDeleted(tag)),
    ...manifests.map((manifest) => told.manifestDeleted(manifest, tags)),
    recycled,
  ];
  const { committed } = await ports.documents.commitDocuments('repositories', partitionOf(key), [
    ...moved.tags.flatMap((tag) => binTag(tag, taking, tag.asked)),
    ...moved.manifests.flatMap((manifest) => binManifest(manifest, taking, manifest.asked)),
    ...manifests.map(({ digest }) => unsettledChange(key, digest, ports.clock.now())),
    ...events.map((event) => recordEvent(key, event)),
  ]);
  return committed || (await isRecorded(ports.documents, key, recycled)) ? events : undefined;
}

/** A batch holds 2 MB, and a manifest's document may be half of that. In bytes of JSON. */
const batchBytes = 1_000_000;

/** The first of these, as many as one transaction may move. */
export function withinOneBatch<T extends object>(manifests: readonly Stored<T>[]): Stored<T>[] {
  let bytes = 0;
  return manifests.slice(0, manifestsAtOnce).filter(({ document }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(document));
    return index === 0 || bytes <= batchBytes;
  });
}

/** All of these, in as many transactions as they need. */
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
