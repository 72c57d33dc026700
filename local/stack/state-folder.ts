import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** One folder holds all that the stack remembers. */
export interface StateFolder {
  readonly path: string;
  file(name: string): string;
}

/**
 * Makes the folder where it is missing, closed to other users of the machine: it holds keys, and all that was pushed.
 * Throws one sentence when it cannot be used.
 */
export function openStateFolder(path: string): StateFolder {
  const folder = resolve(path);
  try {
    makeFolder(folder);
    close(folder);
    writeFileSync(join(folder, '.gitignore'), '*\n');
  } catch (error) {
    throw new Error(`the state folder ${folder} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return { path: folder, file: (name) => join(folder, name) };
}

/** Makes a folder, level by level: Node's own recursion never ends below one that accepts no entries, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * Closes a folder to other users. A home, or a folder that everybody uses, is not closed because it was named by
 * mistake.
 */
function close(folder: string): void {
  if ((statSync(folder).mode & 0o077) === 0) return;
  const ignored = join(folder, '.gitignore');
  const isOwn = readdirSync(folder).length === 0 || (existsSync(ignored) && readFileSync(ignored, 'utf8') === '*\n');
  if (!isOwn)
    throw new Error(
      "it is open to other users and has files that are not Longshore's; choose a folder of its own with --state",
    );
  chmodSync(folder, 0o700);
}

/** Closes all that an earlier version left open. Call it only while nothing else uses the folder. */
export function closeToOthers({ path }: StateFolder): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    // The target of a link is not ours.
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o700);
    else if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o600);
  }
}

export interface Lock {
  release(): void;
}

/**
 * Locks the folder for this process. The lock is one of the operating system's on a SQLite file: it is gone with the
 * process, however that ends, so there is no stale lock. Waits `patienceMs` for a process that is still stopping.
 */
export async function lockState(state: StateFolder, name: string, patienceMs: number): Promise<Lock> {
  const give = Date.now() + patienceMs;
  for (;;) {
    const lock = tryLock(state.file(`${name}.lock`));
    if (lock !== undefined) return lock;
    if (Date.now() >= give)
      throw new Error(
        `another Longshore uses the folder ${state.path}: stop it, or choose another folder with --state`,
      );
    await sleep(100);
  }
}

function tryLock(path: string): Lock | undefined {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      return { release: () => database.close() };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (/locked|busy/i.test((error as Error).message)) return undefined;
    throw new Error(`the lock file ${path} cannot be used (${(error as Error).message}): delete it and start again`, {
      cause: error,
    });
  }
}

/** Notes that the services run. Returns `true` when those before them did not end by themselves. */
export function markRunning(state: StateFolder): boolean {
  const mark = state.file('running');
  const unclean = existsSync(mark);
  writeFileSync(mark, '');
  return unclean;
}

export function markStopped(state: StateFolder): void {
  rmSync(state.file('running'), { force: true });
}
