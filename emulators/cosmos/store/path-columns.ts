import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** A place in a document: names, and numbers for places in an array. */
export type PropertyPath = readonly (string | number)[];

/** The two generated columns that stand for one path. Ordered by both, values sort as the service sorts them. */
export interface PathColumns {
  /** The type, in the service's order of types: see `RANKS`. */
  readonly rank: string;
  /** The number or the string itself; '' where the rank says it all. */
  readonly value: string;
}

/** undefined < null < false < true < number < string < array < object. */
export const RANKS = { undefined: 0, null: 1, false: 2, true: 3, number: 4, string: 5, array: 6, object: 7 } as const;

/** The path in SQLite's notation; undefined for a name with a quote or a backslash, which it cannot write. */
export function jsonPath(path: PropertyPath): string | undefined {
  let text = '$';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/["\\]/.test(key)) return undefined;
    else text += `."${key}"`;
  }
  return text;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const rankExpression = (path: string): string => `CASE json_type(body, ${path})
  WHEN 'null' THEN ${RANKS.null} WHEN 'false' THEN ${RANKS.false} WHEN 'true' THEN ${RANKS.true}
  WHEN 'integer' THEN ${RANKS.number} WHEN 'real' THEN ${RANKS.number} WHEN 'text' THEN ${RANKS.string}
  WHEN 'array' THEN ${RANKS.array} WHEN 'object' THEN ${RANKS.object} ELSE ${RANKS.undefined} END`;

// JSON numbers are IEEE doubles to the service. SQLite reads 1152921504606847000 as that very integer, which is not
// the double that JavaScript printed so: the cast makes both the same number.
const valueExpression = (path: string): string => `CASE json_type(body, ${path})
  WHEN 'integer' THEN CAST(json_extract(body, ${path}) AS REAL)
  WHEN 'null' THEN '' WHEN 'false' THEN '' WHEN 'true' THEN ''
  ELSE coalesce(json_extract(body, ${path}), '') END`;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

export interface IndexedColumn {
  readonly name: string;
  readonly descending: boolean;
}

/** Generated columns and indexes of one item table, made when a query first needs them and kept from then on. */
export class PathIndexes {
  readonly #db: DatabaseSync;
  readonly #table: string;
  readonly #columns: Set<string>;
  readonly #indexes: Set<string>;
  readonly #members: Set<string>;

  constructor(db: DatabaseSync, table: string) {
    this.#db = db;
    this.#table = table;
    const names = (sql: string): Set<string> =>
      new Set(
        db
          .prepare(sql)
          .all()
          .map((row) => String(row['name'])),
      );
    this.#columns = names(`SELECT name FROM pragma_table_xinfo(${quoted(table)})`);
    this.#indexes = names(`SELECT name FROM pragma_index_list(${quoted(table)})`);
    this.#members = names(`SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ${quoted(`${table}_m*`)}`);
  }

  /** Virtual columns: adding one rewrites nothing, and it is computed only where an index or a query asks. */
  columnsOf(path: string): PathColumns {
    const key = digest(path);
    const columns = { rank: `r_${key}`, value: `v_${key}` };
    // Each by itself: a process that was killed may have left the first alone.
    const add = (name: string, expression: (path: string) => string): void => {
      if (this.#columns.has(name)) return;
      this.#db.exec(
        `ALTER TABLE ${this.#table} ADD COLUMN ${name} GENERATED ALWAYS AS (${expression(quoted(path))}) VIRTUAL`,
      );
      this.#columns.add(name);
    };
    add(columns.value, valueExpression);
    add(columns.rank, rankExpression);
    return columns;
  }

  /** @returns the index's name, for INDEXED BY: SQLite is never left to guess from statistics it does not have */
  indexOn(columns: readonly IndexedColumn[]): string {
    const list = columns.map(({ name, descending }) => (descending ? `${name} DESC` : name)).join(', ');
    const name = `${this.#table}_${digest(list)}`;
    if (this.#indexes.has(name)) return name;
    this.#db.exec(`CREATE INDEX ${name} ON ${this.#table} (${list})`);
    this.#indexes.add(name);
    return name;
  }

  /**
   * A table of the members of arrays: which item has an object in the array at `path` whose `member` is what text. Kept
   * up by triggers; `OR REPLACE` fires none for the row that it replaces, so it may name items too many, never too few.
   */
  membersOf(path: string, member: string): string {
    const name = `${this.#table}_m${digest(`${path} ${member}`)}`;
    if (this.#members.has(name)) return name;
    const of = this.#table;
    const members = (row: string): string => `
        SELECT DISTINCT json_extract(item.value, ${quoted(member)}), ${row}.p1, ${row}.p2, ${row}.p3, ${row}.seq`;
    const items = (row: string): string => `json_each(${row}.body, ${quoted(path)}) AS item
        WHERE item.type = 'object' AND json_type(item.value, ${quoted(member)}) = 'text'`;
    this.#db.exec(`
      CREATE TABLE ${name} (
        value TEXT NOT NULL, p1 TEXT NOT NULL, p2 TEXT NOT NULL, p3 TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (value, p1, p2, p3, seq)
      ) WITHOUT ROWID;
      CREATE INDEX ${name}_seq ON ${name} (seq);
      INSERT INTO ${name} ${members('row')} FROM ${of} AS row, ${items('row')};
      CREATE TRIGGER ${name}_i AFTER INSERT ON ${of} BEGIN
        INSERT OR IGNORE INTO ${name} ${members('new')} FROM ${items('new')};
      END;
      CREATE TRIGGER ${name}_u AFTER UPDATE OF body ON ${of} BEGIN
        DELETE FROM ${name} WHERE seq = old.seq;
        INSERT OR IGNORE INTO ${name} ${members('new')} FROM ${items('new')};
      END;
      CREATE TRIGGER ${name}_d AFTER DELETE ON ${of} BEGIN DELETE FROM ${name} WHERE seq = old.seq; END;
    `);
    this.#members.add(name);
    return name;
  }

  /** Indexes and triggers go with their table, these do not. */
  dropMembers(): void {
    for (const name of this.#members) this.#db.exec(`DROP TABLE ${name}`);
  }

  /** A unique key of the container, per logical partition. A missing property counts as null, as in the service. */
  uniqueIndexOn(paths: readonly string[]): void {
    const terms = paths.flatMap((path) => {
      const { rank, value } = this.columnsOf(path);
      return [`max(${rank}, ${RANKS.null})`, value];
    });
    const list = ['p1', 'p2', 'p3', ...terms].join(', ');
    this.#db.exec(`CREATE UNIQUE INDEX IF NOT EXISTS ${this.#table}_u${digest(list)} ON ${this.#table} (${list})`);
  }
}
