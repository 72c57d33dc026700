import type { DatabaseSync } from 'node:sqlite';

/**
 * So many free pages (4 KiB each) are kept for what comes next: a file that shrinks and grows again with each write is
 * slow.
 */
const spare = 1024;
/** Given back at a time, 4 MiB: that takes some milliseconds, and whoever asks meanwhile waits so long. */
const atOnce = 1024;
/** A write-ahead log that had to grow is cut to this when it starts anew. In bytes. */
const walBytes = 32 * 1024 * 1024;

/** Lets the file of an open database get smaller. One of before that cannot is written anew, once. */
export function canShrink(db: DatabaseSync): void {
  const { auto_vacuum: mode } = db.prepare('PRAGMA auto_vacuum').get() ?? {};
  db.exec(`PRAGMA journal_size_limit = ${walBytes}`);
  // 2 is INCREMENTAL. An existing file changes to it only by VACUUM, and so does a new one that is in WAL mode already.
  try {
    if (mode !== 2) db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
  } catch (error) {
    // To write it anew takes as much of the disk again. Where that is not there, the file works as it did.
    if (!/full|I\/O/i.test((error as Error).message)) throw error;
  }
}

/** Gives a part of what is free back to the disk. Call it now and then. */
export function shrink(db: DatabaseSync): void {
  const free = Number(db.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  if (free <= spare) return;
  // Each row that the statement steps through frees one page.
  db.prepare(`PRAGMA incremental_vacuum(${Math.min(atOnce, free - spare)})`).all();
  // The file itself gets smaller when the write-ahead log is copied back.
  if (free - atOnce <= spare) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
