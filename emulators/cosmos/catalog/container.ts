import { splitPath } from '../partition-key.ts';
import { notImplemented } from '../refusal.ts';
import { containerRid, databaseRid, documentRid, etagOf } from '../resource-ids.ts';
import type { ItemTable } from '../store/item-table.ts';
import { jsonPath } from '../store/path-columns.ts';
import type { ContainerDefinition } from './container-definition.ts';

/** The record of a container in the catalog. */
export interface ContainerRecord {
  readonly number: number;
  readonly database: number;
  /** `dbs/…/colls/…`, for `x-ms-alt-content-path`. */
  readonly link: string;
  readonly definition: ContainerDefinition;
  /** Seconds since the epoch. */
  readonly created: number;
  /** The highest log sequence number that was given out. */
  readonly lsn: number;
}

/** A container that is open: its definition, its items, and the counter that orders their versions. */
export class Container {
  readonly record: ContainerRecord;
  readonly rid: string;
  readonly items: ItemTable;
  readonly #selfPrefix: string;
  #lsn: number;

  constructor(record: ContainerRecord, items: ItemTable) {
    this.record = record;
    this.rid = containerRid(record.database, record.number);
    this.#selfPrefix = `dbs/${databaseRid(record.database)}/colls/${this.rid}/`;
    this.items = items;
    this.#lsn = record.lsn;
    for (const { paths } of record.definition.uniqueKeyPolicy?.uniqueKeys ?? [])
      items.indexes.uniqueIndexOn(paths.map(uniquePath));
  }

  get keyPaths(): readonly string[] {
    return this.record.definition.partitionKey.paths;
  }

  get lsn(): number {
    return this.#lsn;
  }

  /** A rolled-back transaction leaves a gap, which is harmless: numbers only have to grow. */
  nextLsn(): number {
    this.#lsn += 1;
    return this.#lsn;
  }

  etag(lsn: number, seconds: number): string {
    return etagOf(this.record.number, lsn, seconds);
  }

  /** `_rid` and `_self` of the item with this number. */
  itemNames(seq: number): { rid: string; self: string } {
    const rid = documentRid(this.record.database, this.record.number, seq);
    return { rid, self: `${this.#selfPrefix}docs/${rid}/` };
  }

  /** The resource as a read of the container answers it. */
  resource(): Record<string, unknown> {
    const { definition, created } = this.record;
    return {
      conflictResolutionPolicy: {
        mode: 'LastWriterWins',
        conflictResolutionPath: '/_ts',
        conflictResolutionProcedure: '',
      },
      ...definition,
      _rid: this.rid,
      _ts: created,
      _self: this.#selfPrefix,
      _etag: this.etag(0, created),
      _docs: 'docs/',
    };
  }
}

function uniquePath(path: string): string {
  const expressed = jsonPath(splitPath(path));
  if (expressed === undefined) throw notImplemented(`unique keys over names with quotes, as in ${path}`);
  return expressed;
}
