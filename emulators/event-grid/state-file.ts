import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { canShrink, shrink } from '../shrink.ts';

// One row per event and one per subscription that still waits for it. WAL without an fsync per commit: what was
// committed survives the death of the process, however it dies, which is all that a local topic promises (not a power
// cut). EXCLUSIVE keeps a second topic off the same file, where both would deliver everything.
const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL, published REAL NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS delivery (
    event INTEGER NOT NULL, subscription TEXT NOT NULL, due REAL NOT NULL, expires REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, last_attempt REAL, last_outcome TEXT, last_status INTEGER, given_up TEXT,
    PRIMARY KEY (event, subscription)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS delivery_by_due ON delivery (subscription, due);
  CREATE TRIGGER IF NOT EXISTS last_delivery AFTER DELETE ON delivery
    WHEN NOT EXISTS (SELECT 1 FROM delivery WHERE event = old.event)
    BEGIN DELETE FROM event WHERE id = old.event; END;
`;
// A previous process that is still stopping releases the file within this time.
const LOCK_WAIT_MS = 5_000;

const deliverySchema = z.object({
  event: z.number(),
  json: z.string(),
  published: z.number(),
  due: z.number(),
  expires: z.number(),
  attempts: z.number(),
  lastAttempt: z.number().nullable(),
  lastOutcome: z.string().nullable(),
  lastStatus: z.number().nullable(),
  /** The reason, once the event is only waiting to be dead-lettered. */
  givenUp: z.string().nullable(),
});
/** One event on its way to one subscription. Times are epoch milliseconds. */
export type PendingDelivery = z.infer<typeof deliverySchema>;
export type DeliveryProgress = Pick<
  PendingDelivery,
  'due' | 'attempts' | 'lastAttempt' | 'lastOutcome' | 'lastStatus' | 'givenUp'
>;

export interface Publication {
  readonly json: string;
  readonly targets: readonly { readonly subscription: string; readonly expires: number }[];
}

/** The topic's durable memory: what was accepted and has not reached all of its subscribers. */
export class StateFile {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or creates the file. Throws one sentence when another topic keeps it open or it cannot be read. */
  constructor(path: string, lockWaitMs = LOCK_WAIT_MS) {
    this.#db = new DatabaseSync(path, { timeout: lockWaitMs });
    try {
      canShrink(this.#db);
      this.#db.exec(SCHEMA);
    } catch (cause) {
      this.#db.close();
      throw new Error(`The Event Grid state file ${path} cannot be used: ${(cause as Error).message}.`, { cause });
    }
  }

  /** Remembers events and whom they are for, all or none. Returns when that is durable. */
  add(publications: readonly Publication[], published: number): void {
    const insertEvent = this.#sql('INSERT INTO event (json, published) VALUES (?, ?)');
    const insertDelivery = this.#sql('INSERT INTO delivery (event, subscription, due, expires) VALUES (?, ?, ?, ?)');
    this.#sql('BEGIN IMMEDIATE').run();
    try {
      for (const { json, targets } of publications) {
        const event = insertEvent.run(json, published).lastInsertRowid;
        for (const { subscription, expires } of targets) insertDelivery.run(event, subscription, published, expires);
      }
      this.#sql('COMMIT').run();
    } catch (error) {
      this.#sql('ROLLBACK').run();
      throw error;
    }
  }

  /** Ids of the events that are due for a subscription, the longest due first. */
  due(subscription: string, now: number, limit: number): number[] {
    return this.#sql('SELECT event FROM delivery WHERE subscription = ? AND due <= ? ORDER BY due, event LIMIT ?')
      .all(subscription, now, limit)
      .map((row) => Number(row['event']));
  }

  /** Returns when the next event after `now` is due; undefined when none is waiting. */
  nextDue(subscription: string, now: number): number | undefined {
    const row = this.#sql('SELECT min(due) AS due FROM delivery WHERE subscription = ? AND due > ?').get(
      subscription,
      now,
    );
    return z.object({ due: z.number().nullable() }).parse(row).due ?? undefined;
  }

  read(subscription: string, event: number): PendingDelivery {
    const row = this.#sql(
      `SELECT event, json, published, due, expires, attempts, last_attempt AS lastAttempt, last_outcome AS lastOutcome,
       last_status AS lastStatus, given_up AS givenUp
       FROM delivery JOIN event ON event.id = delivery.event WHERE event = ? AND subscription = ?`,
    ).get(event, subscription);
    return deliverySchema.parse(row);
  }

  update(subscription: string, event: number, to: DeliveryProgress): void {
    this.#sql(
      `UPDATE delivery SET due = ?, attempts = ?, last_attempt = ?, last_outcome = ?, last_status = ?, given_up = ?
       WHERE event = ? AND subscription = ?`,
    ).run(to.due, to.attempts, to.lastAttempt, to.lastOutcome, to.lastStatus, to.givenUp, event, subscription);
  }

  /** Forgets a delivery, and its event when that was the last one. */
  remove(subscription: string, event: number): void {
    this.#sql('DELETE FROM delivery WHERE event = ? AND subscription = ?').run(event, subscription);
  }

  /** Forgets what expired for subscriptions that no longer exist: nobody would ever ask for it. */
  forgetExpired(known: readonly string[], now: number): void {
    const names = JSON.stringify(known);
    this.#sql('DELETE FROM delivery WHERE expires < ? AND subscription NOT IN (SELECT value FROM json_each(?))').run(
      now,
      names,
    );
  }

  /** Gives the place of what was forgotten back to the disk, a part each time. */
  shrink(): void {
    shrink(this.#db);
  }

  count(subscription: string): number {
    return Number(this.#sql('SELECT count(*) AS n FROM delivery WHERE subscription = ?').get(subscription)?.['n']);
  }

  close(): void {
    this.#db.close();
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#db.prepare(text)));
    return statement;
  }
}
