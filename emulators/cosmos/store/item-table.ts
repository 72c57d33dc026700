import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { KeyScope } from '../partition-key.ts';
import { keyColumns } from '../partition-key.ts';
import { PathIndexes } from './path-columns.ts';

/** One item as it is stored. `body` is the exact text that a read answers, system properties included. */
export interface ItemRow {
  /** Given once per container, never again: the item's identity and the tie-break of every order. */
  readonly seq: number;
  readonly p1: string;
  readonly p2: string;
  readonly p3: string;
  readonly id: string;
  readonly body: string;
  readonly etag: string;
  readonly lsn: number;
  /** `_ts`: seconds since the epoch. */
  readonly ts: number;
  /** Milliseconds since the epoch; null for never. */
  readonly expires: number | null;
}

export const ITEM_COLUMNS = 'seq, p1, p2, p3, id, body, etag, lsn, ts, expires';

const MAX_STATEMENTS = 500;

const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === 2067; // SQLITE_CONSTRAINT_UNIQUE

/** `unique`: not written, because another item of the partition has the id or a value of a unique key. */
export type WriteOutcome = 'written' | 'unique';

/** The items of one container, in one region. */
export class ItemTable {
  readonly name: string;
  readonly indexes: PathIndexes;
  readonly #db: DatabaseSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #purge: StatementSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, name: string) {
    this.#db = db;
    this.name = name;
    // seq is an ordinary column: SQLite cannot seek past an index's implicit rowid in a row-value comparison.
    db.exec(`
      CREATE TABLE IF NOT EXISTS ${name} (
        seq INTEGER NOT NULL, p1 TEXT NOT NULL, p2 TEXT NOT NULL, p3 TEXT NOT NULL, id TEXT NOT NULL,
        body TEXT NOT NULL, etag TEXT NOT NULL, lsn INTEGER NOT NULL, ts INTEGER NOT NULL, expires INTEGER,
        UNIQUE (p1, p2, p3, id)
      );
      CREATE INDEX IF NOT EXISTS ${name}_expires ON ${name} (expires) WHERE expires IS NOT NULL;
    `);
    this.indexes = new PathIndexes(db, name);
    this.#find = db.prepare(`SELECT ${ITEM_COLUMNS} FROM ${name} WHERE p1 = ? AND p2 = ? AND p3 = ? AND id = ?`);
    this.#insert = db.prepare(`INSERT INTO ${name} (${ITEM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#update = db.prepare(
      `UPDATE ${name} SET body = ?, etag = ?, lsn = ?, ts = ?, expires = ? WHERE p1 = ? AND p2 = ? AND p3 = ? AND id = ?`,
    );
    this.#remove = db.prepare(`DELETE FROM ${name} WHERE p1 = ? AND p2 = ? AND p3 = ? AND id = ?`);
    this.#purge = db.prepare(
      `DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} WHERE expires IS NOT NULL AND expires <= ? LIMIT ?)`,
    );
  }

  /** @param key all levels */
  find(key: KeyScope, id: string): ItemRow | undefined {
    return this.#find.get(...keyColumns(key), id) as ItemRow | undefined;
  }

  insert(row: ItemRow): WriteOutcome {
    const { seq, p1, p2, p3, id, body, etag, lsn, ts, expires } = row;
    return this.#guarded(this.#insert, [seq, p1, p2, p3, id, body, etag, lsn, ts, expires]);
  }

  update(row: ItemRow): WriteOutcome {
    const { p1, p2, p3, id, body, etag, lsn, ts, expires } = row;
    return this.#guarded(this.#update, [body, etag, lsn, ts, expires, p1, p2, p3, id]);
  }

  remove(row: Pick<ItemRow, 'p1' | 'p2' | 'p3' | 'id'>): void {
    this.#remove.run(row.p1, row.p2, row.p3, row.id);
  }

  /** @returns how many expired items it removed, at most `limit` */
  purgeExpired(now: number, limit: number): number {
    return Number(this.#purge.run(now, limit).changes);
  }

  /** Rows of a query, read as they are asked for. The text is prepared once per table. */
  *select(sql: string, parameters: readonly SQLInputValue[]): Generator<Record<string, SQLOutputValue>> {
    yield* this.statement(sql).iterate(...parameters);
  }

  /** A prepared statement, kept for the next time. SQLite prepares it again by itself when an index is added. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    // Texts vary with the length of IN lists; what is used again comes back soon.
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const prepared = this.#db.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  drop(): void {
    this.#statements.clear();
    this.indexes.dropMembers();
    this.#db.exec(`DROP TABLE ${this.name}`);
  }

  #guarded(statement: StatementSync, values: readonly SQLInputValue[]): WriteOutcome {
    try {
      statement.run(...values);
      return 'written';
    } catch (error) {
      if (isUniqueViolation(error)) return 'unique';
      throw error;
    }
  }
}
