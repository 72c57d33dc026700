import type { DatabaseSync } from 'node:sqlite';
import { conflict, notFound } from '../refusal.ts';
import { databaseRid, etagOf } from '../resource-ids.ts';
import type { Atomically } from '../store/database.ts';
import { ItemTable } from '../store/item-table.ts';
import { Container } from './container.ts';
import type { ContainerDefinition } from './container-definition.ts';

interface Database {
  readonly number: number;
  readonly id: string;
  readonly created: number;
  readonly containers: Map<string, Container>;
}

// AUTOINCREMENT: a number that was given once is never given again, so a rid cannot come back.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS databases (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS containers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL, id TEXT NOT NULL, definition TEXT NOT NULL,
    created INTEGER NOT NULL, lsn INTEGER NOT NULL DEFAULT 0, UNIQUE (parent, id));
`;

const tableName = (container: number): string => `items_${container}`;

/** A listener that follows containers that are opened and dropped, such as a read region. */
export interface CatalogListener {
  opened(container: Container): void;
  dropped(container: Container): void;
}

/** The databases and containers of the account: in memory for reading, in the file for the next start. */
export class Catalog {
  readonly #db: DatabaseSync;
  readonly #atomically: Atomically;
  readonly #now: () => number;
  readonly #databases = new Map<string, Database>();
  readonly #listeners: CatalogListener[] = [];

  constructor(db: DatabaseSync, atomically: Atomically, now: () => number) {
    this.#db = db;
    this.#atomically = atomically;
    this.#now = now;
    db.exec(SCHEMA);
    for (const row of db.prepare('SELECT number, id, created FROM databases').all()) this.#openDatabase(row);
  }

  listen(listener: CatalogListener): void {
    this.#listeners.push(listener);
    for (const container of this.containers()) listener.opened(container);
  }

  *containers(): Generator<Container> {
    for (const database of this.#databases.values()) yield* database.containers.values();
  }

  createDatabase(id: string): Record<string, unknown> {
    if (this.#databases.has(id)) throw conflict();
    const created = this.#seconds();
    const { lastInsertRowid } = this.#db.prepare('INSERT INTO databases (id, created) VALUES (?, ?)').run(id, created);
    const database = { number: Number(lastInsertRowid), id, created, containers: new Map<string, Container>() };
    this.#databases.set(id, database);
    return databaseResource(database);
  }

  readDatabase(id: string): Record<string, unknown> {
    return databaseResource(this.#database(id));
  }

  listDatabases(): Record<string, unknown>[] {
    return [...this.#databases.values()].map(databaseResource);
  }

  /** Deletes its containers with it, in one transaction. */
  deleteDatabase(id: string): void {
    const database = this.#database(id);
    this.#atomically(() => {
      for (const name of [...database.containers.keys()]) this.deleteContainer(id, name);
      this.#db.prepare('DELETE FROM databases WHERE number = ?').run(database.number);
    });
    this.#databases.delete(id);
  }

  /** @throws conflict when the database has a container of this name, not found when there is no such database */
  createContainer(databaseId: string, definition: ContainerDefinition): Container {
    const database = this.#database(databaseId);
    if (database.containers.has(definition.id)) throw conflict();
    const container = this.#atomically(() => {
      const created = this.#seconds();
      const { lastInsertRowid } = this.#db
        .prepare('INSERT INTO containers (parent, id, definition, created) VALUES (?, ?, ?, ?)')
        .run(database.number, definition.id, JSON.stringify(definition), created);
      const opened = this.#openContainer(database, { number: Number(lastInsertRowid), definition, created, lsn: 0 });
      for (const listener of this.#listeners) listener.opened(opened);
      return opened;
    });
    database.containers.set(definition.id, container);
    return container;
  }

  /** On the path of every request: a lookup in memory. */
  container(databaseId: string, id: string): Container {
    const container = this.#databases.get(databaseId)?.containers.get(id);
    if (container === undefined) throw notFound();
    return container;
  }

  listContainers(databaseId: string): Container[] {
    return [...this.#database(databaseId).containers.values()];
  }

  deleteContainer(databaseId: string, id: string): void {
    const container = this.container(databaseId, id);
    this.#atomically(() => {
      container.items.drop();
      for (const listener of this.#listeners) listener.dropped(container);
      this.#db.prepare('DELETE FROM containers WHERE number = ?').run(container.record.number);
    });
    this.#database(databaseId).containers.delete(id);
  }

  #database(id: string): Database {
    const database = this.#databases.get(id);
    if (database === undefined) throw notFound();
    return database;
  }

  #openDatabase(row: Record<string, unknown>): void {
    const { number, id, created } = row as { number: number; id: string; created: number };
    const database: Database = { number, id, created, containers: new Map() };
    this.#databases.set(id, database);
    const stored = this.#db
      .prepare('SELECT number, definition, created, lsn FROM containers WHERE parent = ?')
      .all(number);
    for (const found of stored as unknown as { number: number; definition: string; created: number; lsn: number }[]) {
      const container = this.#openContainer(database, {
        ...found,
        definition: JSON.parse(found.definition) as ContainerDefinition,
      });
      database.containers.set(container.record.definition.id, container);
    }
  }

  #openContainer(
    database: Database,
    stored: { number: number; definition: ContainerDefinition; created: number; lsn: number },
  ): Container {
    const { id } = stored.definition;
    const record = { ...stored, database: database.number, link: `dbs/${database.id}/colls/${id}` };
    return new Container(record, new ItemTable(this.#db, tableName(stored.number)));
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}

function databaseResource({ number, id, created }: Database): Record<string, unknown> {
  const rid = databaseRid(number);
  return {
    id,
    _rid: rid,
    _self: `dbs/${rid}/`,
    _etag: etagOf(number, 0, created),
    _colls: 'colls/',
    _users: 'users/',
    _ts: created,
  };
}
