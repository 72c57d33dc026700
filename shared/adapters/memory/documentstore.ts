import type { Clock } from '../../core/ports/clock.ts';
import type { ContainerName, JsonDocument, PartitionKey } from '../../core/ports/documents.ts';
import { layoutOf } from '../documentrules.ts';
import type { OrderedIndex } from './orderedindex.ts';
import type { DocumentRecord, Partition, Version, VersionOrDeletion } from './partition.ts';
import { reindex } from './partitionindex.ts';

/**
 * The content of Cosmos DB: containers of partitions of documents, with versions as old as the slowest read region
 * needs them.
 */
export class DocumentStore {
  readonly #clock: Clock;
  readonly #containers = new Map<ContainerName, Map<string, Partition>>();
  #longestLagMs = 0;
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now().getTime();
  }

  /**
   * Keeps versions from here on for as long as this region lags; those that were overwritten before are gone for it
   * too.
   */
  expectLag(lagMs: number): void {
    this.#longestLagMs = Math.max(this.#longestLagMs, lagMs);
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  partition(container: ContainerName, key: PartitionKey): Partition | undefined {
    return this.#containers.get(container)?.get(JSON.stringify(key));
  }

  /** All partitions whose key starts with `prefix`. */
  *partitions(container: ContainerName, prefix: PartitionKey): Iterable<Partition> {
    if (prefix.length === layoutOf(container).keyPaths.length) {
      const only = this.partition(container, prefix);
      if (only !== undefined) yield only;
      return;
    }
    for (const partition of this.#containers.get(container)?.values() ?? []) {
      if (prefix.every((level, index) => partition.key[index] === level)) yield partition;
    }
  }

  /** Returns the record's version `lagMs` ago; `undefined` when it did not exist, or is past its ttl. */
  visible(record: DocumentRecord | undefined, lagMs: number): Version | undefined {
    const version =
      lagMs === 0 ? record?.versions.at(-1) : record?.versions.findLast((each) => each.writtenAt <= this.now() - lagMs);
    if (version?.document === undefined) return undefined;
    return version.expiresAt !== Infinity && version.expiresAt <= this.now() ? undefined : version;
  }

  /** Replaces the documents of these ids, all at once. `undefined` deletes. */
  write(container: ContainerName, key: PartitionKey, changed: ReadonlyMap<string, Version | undefined>): void {
    const partition = this.#partitionForWrite(container, key);
    for (const [id, version] of changed) {
      const before = partition.records.get(id);
      const after = this.#rewritten(before, id, version ?? { writtenAt: this.now() });
      if (after === undefined) partition.records.delete(id);
      else partition.records.set(id, after);
      reindex(partition, before, after);
    }
  }

  newVersion(container: ContainerName, document: JsonDocument): Version {
    const writtenAt = this.now();
    const ttl = document.ttl ?? layoutOf(container).defaultTtl;
    const expiresAt = ttl === -1 ? Infinity : writtenAt + ttl * 1000;
    return Object.freeze({
      document,
      etag: `"${this.nextSequence().toString(16).padStart(8, '0')}"`,
      writtenAt,
      expiresAt,
    });
  }

  #rewritten(record: DocumentRecord | undefined, id: string, version: VersionOrDeletion): DocumentRecord | undefined {
    const alive = this.visible(record, 0) !== undefined;
    const past = this.#pastStillSeen(record);
    if (version.document === undefined && past.length === 0) return undefined;
    const order = record !== undefined && alive ? record.order : this.nextSequence();
    return { order, id, versions: [...past, version] };
  }

  /** Returns, of the versions before a write, those that a lagging region may still show. */
  #pastStillSeen(record: DocumentRecord | undefined): readonly VersionOrDeletion[] {
    if (this.#longestLagMs === 0 || record === undefined) return [];
    const horizon = this.now() - this.#longestLagMs;
    const oldest = record.versions.findLastIndex((each) => each.writtenAt <= horizon);
    return record.versions.slice(Math.max(0, oldest));
  }

  #partitionForWrite(container: ContainerName, key: PartitionKey): Partition {
    const partitions = this.#containers.get(container) ?? new Map<string, Partition>();
    this.#containers.set(container, partitions);
    const name = JSON.stringify(key);
    const partition = partitions.get(name) ?? {
      key: Object.freeze([...key]),
      records: new Map<string, DocumentRecord>(),
      indexes: new Map<string, OrderedIndex>(),
    };
    partitions.set(name, partition);
    return partition;
  }
}
