import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Catalog, CatalogListener } from '../catalog/catalog.ts';
import type { Container } from '../catalog/container.ts';
import type { Change } from '../items/write.ts';
import type { Atomically } from './database.ts';
import { ITEM_COLUMNS, ItemTable } from './item-table.ts';

const logSchema = (log: string): string => `
  CREATE TABLE IF NOT EXISTS ${log} (
    n INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL, at INTEGER NOT NULL, removed INTEGER NOT NULL,
    seq INTEGER, p1 TEXT, p2 TEXT, p3 TEXT, id TEXT, body TEXT, etag TEXT, lsn INTEGER, ts INTEGER, expires INTEGER);
  CREATE INDEX IF NOT EXISTS ${log}_container ON ${log} (container, lsn);
`;

const tablesLike = (db: DatabaseSync, pattern: string): string[] =>
  db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?")
    .all(pattern)
    .map((row) => String(row['name']));

/**
 * Forgets replicas of an earlier run behind the first `kept`: they would miss every write that is made without them.
 */
export function discardReplicas(db: DatabaseSync, kept: number): void {
  const isKept = (name: string) => Number(/^replica_(\d+)_/.exec(name)?.[1] ?? Infinity) < kept;
  for (const name of tablesLike(db, 'replica_*')) if (!isKept(name)) db.exec(`DROP TABLE ${name}`);
}

type LogEntry = Record<'n' | 'at' | 'container' | 'removed', number> & Record<'p1' | 'p2' | 'p3' | 'id', string>;

/**
 * The items of a read region: another set of tables that follows the first by a set time. Each write also enters
 * a log, and before a read every entry older than the lag is applied, so a reader sees the state of exactly then. The
 * log is all the history there is: it is no longer than the lag.
 */
export class Replica implements CatalogListener {
  readonly #db: DatabaseSync;
  readonly #atomically: Atomically;
  readonly #tables = new Map<number, ItemTable>();
  readonly #append: StatementSync;
  readonly #pending: StatementSync;
  readonly #forget: StatementSync;
  readonly #oldest: StatementSync;
  readonly #prefix: string;
  readonly #log: string;
  #lagMs: number;

  /** `number` tells it from the state's other replicas, from 0. */
  constructor(
    db: DatabaseSync,
    atomically: Atomically,
    catalog: Catalog,
    { number, lagMs }: { readonly number: number; readonly lagMs: number },
  ) {
    this.#prefix = `replica_${number}_`;
    this.#log = `${this.#prefix}log`;
    const log = this.#log;
    this.#db = db;
    this.#atomically = atomically;
    this.#lagMs = lagMs;
    db.exec(logSchema(log));
    this.#append = db.prepare(
      `INSERT INTO ${log} (container, at, removed, ${ITEM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#pending = db.prepare(`SELECT n, at, container, removed, p1, p2, p3, id FROM ${log} ORDER BY n`);
    this.#forget = db.prepare(`DELETE FROM ${log} WHERE n <= ?`);
    this.#oldest = db.prepare(`SELECT min(lsn) AS lsn FROM ${log} WHERE container = ?`);
    catalog.listen(this);
  }

  /** Milliseconds. A longer lag shows from the next write on: a replica never goes back in time. */
  setLag(lagMs: number): void {
    this.#lagMs = lagMs;
  }

  /** A table that was there already goes on from its log; a new one starts from the present. */
  opened(container: Container): void {
    const name = `${this.#prefix}${container.record.number}`;
    const isNew = tablesLike(this.#db, name).length === 0;
    this.#tables.set(container.record.number, new ItemTable(this.#db, name));
    if (isNew)
      this.#db.exec(`INSERT INTO ${name} (${ITEM_COLUMNS}) SELECT ${ITEM_COLUMNS} FROM ${container.items.name}`);
  }

  dropped(container: Container): void {
    const { number } = container.record;
    this.itemsOf(container).drop();
    this.#tables.delete(number);
    this.#db.prepare(`DELETE FROM ${this.#log} WHERE container = ?`).run(number);
  }

  itemsOf(container: Container): ItemTable {
    const table = this.#tables.get(container.record.number);
    if (table === undefined) throw new Error(`The read region has no table for ${container.record.link}.`);
    return table;
  }

  tables(): Iterable<ItemTable> {
    return this.#tables.values();
  }

  /** Called in the transaction of the write: both are kept, or none. */
  record(container: Container, { row, removed }: Change, now: number): void {
    const { seq, p1, p2, p3, id, etag, lsn, ts, expires } = row;
    const body = removed ? '' : row.body;
    this.#append.run(container.record.number, now, removed ? 1 : 0, seq, p1, p2, p3, id, body, etag, lsn, ts, expires);
  }

  /** Applies what is older than the lag. */
  catchUp(now: number): void {
    const due = this.#dueAt(now - this.#lagMs);
    const last = due.at(-1);
    if (last === undefined) return;
    this.#atomically(() => {
      for (const entry of due) this.#applyEntry(entry);
      this.#forget.run(last.n);
    });
  }

  /** The highest log sequence number that this region shows. */
  lsnOf(container: Container): number {
    const oldest = this.#oldest.get(container.record.number)?.['lsn'];
    return typeof oldest === 'number' ? oldest - 1 : container.lsn;
  }

  /** In the order of writing. The clock may have stepped back meanwhile: an entry never overtakes an earlier one. */
  #dueAt(limit: number): LogEntry[] {
    const due: LogEntry[] = [];
    for (const row of this.#pending.iterate()) {
      const entry = row as unknown as LogEntry;
      if (entry.at > limit) break;
      due.push(entry);
    }
    return due;
  }

  #applyEntry(entry: LogEntry): void {
    const table = this.#tables.get(entry.container);
    if (table === undefined) return; // The container was deleted after the write.
    if (entry.removed === 1) table.remove(entry);
    else {
      // OR REPLACE, by partition and id: an item that was deleted and made again has another identity.
      const copy = `INSERT OR REPLACE INTO ${table.name} (${ITEM_COLUMNS}) SELECT ${ITEM_COLUMNS} FROM ${this.#log} WHERE n = ?`;
      table.statement(copy).run(entry.n);
    }
  }
}
