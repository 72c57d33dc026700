import type { z } from 'zod';
import { writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName, Tag } from '../../core/oci/name.ts';
import type { CommitDocuments, DocumentChange, ReadDocument } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { CountedPart, CountedRow, PullBatch } from './batch.ts';
import type { ImagePulls, Increment } from './counters.ts';
import {
  dayId,
  daySchema,
  dayWith,
  hourId,
  hourSchema,
  hourWith,
  imagePullsSchema,
  imageWith,
  lastTimesOf,
  pullsOfDigestId,
  pullsOfTagId,
  wholeRegistry,
} from './counters.ts';
import { sumOf } from './counts.ts';
import { usageRef } from './documents.ts';
import { addToTotals } from './totals.ts';

type Store = ReadDocument & CommitDocuments;

/**
 * Markers are kept for so many seconds: longer than Event Grid and queues deliver again, and than an event waits in the
 * outbox.
 */
const rememberedFor = 8 * 24 * 3600;

/** So many instances add to a registry's own counters without conflicts. */
const shards = 16;

/**
 * Adds to counters, once for each marker. There is one for each process: its own additions to one partition wait for
 * each other.
 */
export class Folding {
  readonly #documents: Store;
  readonly #shard = Math.floor(Math.random() * shards);
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(documents: Store) {
    this.#documents = documents;
  }

  /**
   * Adds the counts of a batch: one transaction for each part, with a marker that makes it count once. Delivered again,
   * also after a crash halfway, it adds what is missing. A part that fails stops no other: `failed` is called for it.
   * Throws `StoreFailure`: then the batch must be delivered again.
   */
  async addBatch(
    { id, region, parts }: PullBatch,
    failed: (error: unknown, repository: string) => void,
  ): Promise<void> {
    const each = async (key: RepositoryKey, add: () => Promise<void>) => {
      try {
        await add();
      } catch (error) {
        // In an outage of the store every part would only wait as well.
        if (error instanceof StoreFailure) throw error;
        failed(error, key.repository);
      }
    };
    for (const [index, { registry, repository, minute, rows }] of parts.entries())
      await each({ registry, repository }, () =>
        this.#add(`batch:${id}:${index}`, { key: { registry, repository }, minute, region, rows }),
      );
    for (const [index, { registry, minute, rows }] of registryParts(parts).entries())
      await each(wholeRegistry(registry), () =>
        this.#addToRegistry(`batch:${id}:${index}`, registry, { minute, region, rows }),
      );
  }

  /** Adds the count of one event. Throws as `addBatch`. */
  async addEvent(
    id: string,
    { key, minute, region, row }: Omit<Increment, 'rows' | 'shard'> & { readonly row: CountedRow },
  ): Promise<void> {
    await this.#add(`seen:${id}`, { key, minute, region, rows: [row] });
    await this.#addToRegistry(`seen:${id}`, key.registry, { minute, region, rows: [anonymous(row)] });
  }

  #addToRegistry(
    markerId: string,
    registry: RegistryName,
    counted: Pick<Increment, 'minute' | 'region' | 'rows'>,
  ): Promise<void> {
    return this.#add(markerId, { ...counted, key: wholeRegistry(registry), shard: this.#shard });
  }

  /** Adds in turn: at once, additions would only make each other read again. */
  #add(markerId: string, increment: Increment): Promise<void> {
    const place = partitionOf(increment.key).join('/');
    const mine = (this.#turns.get(place) ?? Promise.resolve()).then(() =>
      addOnce(this.#documents, markerId, increment),
    );
    const turn = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(place) === turn) this.#turns.delete(place);
      });
    this.#turns.set(place, turn);
    return mine;
  }
}

interface RegistryPart extends Pick<CountedPart, 'registry' | 'minute'> {
  readonly rows: readonly CountedRow[];
}

/** Sums the parts of each registry and minute; the same batch gives the same sums, in the same order. */
function registryParts(parts: readonly CountedPart[]): RegistryPart[] {
  const groups = Map.groupBy(parts, ({ registry, minute }) => `${registry} ${minute}`);
  return [...groups.values()].map((group) => {
    const [{ registry, minute }] = group as [CountedPart];
    const byClient = Map.groupBy(
      group.flatMap(({ rows }) => rows),
      ({ client }) => client,
    );
    const rows = [...byClient].map(([client, same]) => ({
      client,
      ...sumOf(same),
      lastAt: same.reduce((last, { lastAt }) => (lastAt > last ? lastAt : last), ''),
    }));
    return { registry, minute, rows };
  });
}

/** Removes digest and tag: images are known to their repositories alone. */
function anonymous({ digest: _, tag: __, ...row }: CountedRow): CountedRow {
  return row;
}

async function addOnce(documents: Store, markerId: string, increment: Increment): Promise<void> {
  const { key } = increment;
  const marker = { id: markerId, type: 'usage-seen', schemaVersion: 1, ...key, ttl: rememberedFor };
  await untilUncontended(`usage of ${key.repository}`, async () => {
    if ((await documents.readDocument(usageRef(key, markerId))) !== undefined) return 'counted before';
    const changes = await Promise.all([
      total(documents, increment),
      hour(documents, increment),
      day(documents, increment),
      ...images(documents, increment),
    ]);
    const outcome = await documents.commitDocuments('usage', partitionOf(key), [
      { do: 'create', document: marker },
      ...changes,
    ]);
    return outcome.committed ? 'counted' : undefined;
  });
}

function total(documents: Store, { key, rows }: Increment): Promise<DocumentChange> {
  const { lastPush, lastPull } = lastTimesOf(rows);
  return addToTotals(documents, key, { ...sumOf(rows), lastPush, lastPull });
}

function hour(documents: Store, increment: Increment): Promise<DocumentChange> {
  return changed(documents, hourSchema, increment, hourId(increment), (before) => hourWith(before, increment));
}

function day(documents: Store, increment: Increment): Promise<DocumentChange> {
  return changed(documents, daySchema, increment, dayId(increment), (before) => dayWith(before, increment));
}

function images(documents: Store, increment: Increment): Promise<DocumentChange>[] {
  const { rows } = increment;
  const digests = Map.groupBy(
    rows.filter((row) => row.digest !== undefined),
    ({ digest }) => digest as Digest,
  );
  const tags = Map.groupBy(
    rows.filter((row) => row.tag !== undefined),
    ({ tag }) => tag as Tag,
  );
  const change = (image: Pick<ImagePulls, 'id' | 'of' | 'name'>, own: readonly CountedRow[]) =>
    changed(documents, imagePullsSchema, increment, image.id, (before) =>
      imageWith(before, image, { ...increment, rows: own }),
    );
  return [
    ...[...digests].map(([digest, own]) => change({ id: pullsOfDigestId(digest), of: 'digest', name: digest }, own)),
    ...[...tags].map(([tag, own]) => change({ id: pullsOfTagId(tag), of: 'tag', name: tag }, own)),
  ];
}

/** Changes a document on the condition of its etag: of two folds at once one reads again. */
async function changed<T extends { readonly id: string }>(
  documents: Store,
  schema: z.ZodType<T>,
  { key }: Increment,
  id: string,
  change: (before: T | undefined) => T,
): Promise<DocumentChange> {
  const before = await readStored(documents, schema, usageRef(key, id));
  const document = { ...change(before?.document) };
  return writing(before, document);
}
