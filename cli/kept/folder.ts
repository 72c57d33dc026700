import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

type Place = Pick<World, 'env' | 'home' | 'platform' | 'pause'>;

/** The folder of the command's own files: `LONGSHORE_CONFIG`, or where the platform keeps a user's settings. */
export function folderOf({ env, home, platform }: Place): string {
  const { LONGSHORE_CONFIG: given, XDG_CONFIG_HOME: config, APPDATA: data } = env;
  if (given !== undefined && given !== '') return given;
  if (platform === 'win32' && data !== undefined) return join(data, 'longshore');
  return config !== undefined && config !== '' ? join(config, 'longshore') : join(home, '.config', 'longshore');
}

/** Reads a file of secrets; `undefined` where there is none. Refuses one that others on the machine may read. */
export async function readSecret(place: Place, path: string): Promise<string | undefined> {
  const found = await stat(path).catch((error: unknown) => absent(error));
  if (found === undefined) return undefined;
  // The secrets in it may have been read: that somebody has to know.
  if (place.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new Failure(
      `others on this machine may read ${path}: run chmod 600 ${path}, and make new passwords for what it holds if they may have`,
    );
  return readFile(path, 'utf8').catch((error: unknown) => absent(error));
}

/** Writes a file whole, and so that nobody else can read it at any time. */
export async function writeSecret(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}.${Date.now()}`;
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  // The umask may have taken more away, but never given anything.
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
}

/** The longest that another command holds the lock; an older one was left behind by a crash. */
const lockMs = 10_000;

/** Does a change while no other command changes the same file: docker logs in to several registries side by side. */
export async function alone<T>(place: Place, path: string, change: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (const began = Date.now(); ;) {
    const file = await open(lock, 'wx', 0o600).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return undefined;
    });
    if (file !== undefined) {
      await file.close();
      break;
    }
    const held = await stat(lock).catch((error: unknown) => absent(error));
    if (held !== undefined && Date.now() - held.mtimeMs > lockMs) await rm(lock, { force: true });
    if (Date.now() - began > 2 * lockMs)
      throw new Failure(`another command holds ${lock}: remove it if none is running`);
    await place.pause(20);
  }
  try {
    return await change();
  } finally {
    await rm(lock, { force: true });
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
