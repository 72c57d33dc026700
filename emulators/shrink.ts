import type { DatabaseSync } from 'node:sqlite';

/**
 * So many free pages (4 KiB each) are kept for the next writes: a file that shrinks and grows again with each write is
 * slow.
 */
const spare = 1024;
/** So many pages, 4 MiB, are freed at a time: that takes some milliseconds, for which every request waits. */
const atOnce = 1024;
/** A write-ahead log that had to grow is cut to this many bytes when it starts again. */
const walBytes = 32 * 1024 * 1024;

/** Lets the file of an open database get smaller. An older file that cannot is rewritten, once. */
export function canShrink(db: DatabaseSync): void {
  const { auto_vacuum: mode } = db.prepare('PRAGMA auto_vacuum').get() ?? {};
  db.exec(`PRAGMA journal_size_limit = ${walBytes}`);
  // 2 is INCREMENTAL. An existing file changes to it only by VACUUM, and so does a new one that is in WAL mode already.
  try {
    if (mode !== 2) db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
  } catch (error) {
    // Rewriting the file needs as much of the disk again. Without that space, the file works as it did.
    if (!/full|I\/O/i.test((error as Error).message)) throw error;
  }
}

/** Returns a part of the free pages to the disk. Call it now and then. */
export function shrink(db: DatabaseSync): void {
  const free = Number(db.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  if (free <= spare) return;
  // Each row that the statement steps through frees one page.
  db.prepare(`PRAGMA incremental_vacuum(${Math.min(atOnce, free - spare)})`).all();
  // The file itself gets smaller when the write-ahead log is copied back.
  if (free - atOnce <= spare) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
