import { DatabaseSync } from 'node:sqlite';
import { canShrink } from '../../shrink.ts';

/** Pages of write-ahead log before SQLite copies them back: fewer, larger checkpoints keep writes even. */
const CHECKPOINT_PAGES = 4000;

const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -65536;
`;

/**
 * Opens the state. WAL with synchronous=NORMAL survives the death of the process at any moment, not of the machine.
 * The exclusive lock keeps a second emulator off the file: both count versions in memory.
 */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(SETTINGS);
    canShrink(db);
  } catch (error) {
    db.close(); // Another emulator holds the file, or it is no database.
    throw error;
  }
  return db;
}

/** Runs `work` in one transaction: all of it is kept, or none. */
export type Atomically = <T>(work: () => T) => T;

export function transactions(db: DatabaseSync): Atomically {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const isOpen = (): boolean => db.isTransaction;
  return (work) => {
    if (isOpen()) return work();
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      // SQLite itself rolls back on some faults (a full disk, for one); a second ROLLBACK would hide the first error.
      if (isOpen()) rollback.run();
      throw error;
    }
  };
}
