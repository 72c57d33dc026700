import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process holds the folder. `holder` is its process id, when it left one. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
  readonly holder: string | undefined;
  constructor(folder: string, holder: string | undefined, waitedMs: number) {
    const who = holder === undefined ? 'another Azurite' : `another Azurite (process ${holder})`;
    super(
      `Azurite's folder ${folder} is still in use by ${who} after ${waitedMs / 1000} s: stop it, then start again.`,
    );
    this.holder = holder;
  }
}

/**
 * Locks `folder` for this process until it ends, waiting up to `waitMs` (blocking) for a previous owner that is
 * stopping. The lock is the operating system's own, held through an SQLite transaction: it ends with the process
 * however that ends, so that a process id left behind by `kill -9`, or reused by a stranger, cannot block a start. The
 * file `azurite.pid` beside it is for people. Throws {@link FolderInUse}.
 */
export function lockFolder(folder: string, waitMs: number): void {
  const pidFile = join(folder, 'azurite.pid');
  const lock = new DatabaseSync(join(folder, 'azurite.lock'), { timeout: waitMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new FolderInUse(folder, readPid(pidFile), waitMs);
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  // The closure keeps the connection from being collected, which would release the lock.
  process.once('exit', () => {
    rmSync(pidFile, { force: true });
    lock.close();
  });
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY, https://www.sqlite.org/rescode.html
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

function readPid(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // The owner has not written it yet: the sentence then just names no process.
    return undefined;
  }
}
