import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const named = /^longshore-(?:build|trial)-([0-9a-z]+)-([0-9a-z]+)-([0-9a-z]+)-[A-Za-z0-9]{6}$/;

/**
 * Makes the beginning of the name of a folder for a build. It identifies this process, so that the folders of a killed
 * process are recognized. A process's id means something within its own namespace alone, and is used again: the moment
 * of its start is not.
 */
export function folderPrefix(kind: 'build' | 'trial'): string {
  return `longshore-${kind}-${pidNamespace()}-${process.pid.toString(36)}-${startOf(process.pid) ?? '0'}-`;
}

/** Shortens a number, because sockets lie in the folder and their paths have at most 107 bytes. */
function short(decimal: string | undefined): string | undefined {
  return decimal === undefined ? undefined : Number(decimal).toString(36);
}

/**
 * Removes, from the folder `parent`, the folders of processes that no longer run: logins and secrets of their builds at
 * once, and then, by `removeRest`, what the builds made, which may be much. Returns the folders that it found. Those of
 * another user are left alone.
 */
export function removeLeftFolders(parent: string, removeRest: (folder: string) => void): string[] {
  const left = readdirSync(parent)
    .filter(isLeft)
    .map((name) => join(parent, name))
    .filter(isOwn);
  for (const folder of left) {
    for (const name of ['login', 'secrets']) rmSync(join(folder, name), { recursive: true, force: true });
    removeRest(folder);
  }
  return left;
}

function isLeft(name: string): boolean {
  const [, namespace, pid, start] = named.exec(name) ?? [];
  return namespace !== undefined && namespace === pidNamespace() && startOf(Number.parseInt(pid ?? '', 36)) !== start;
}

/**
 * Says whether a folder is this user's. The target of a link does not count: anybody may make one in the folder for
 * temporary files.
 */
function isOwn(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === process.geteuid?.();
}

function pidNamespace(): string {
  return short(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]) ?? '0';
}

/**
 * Returns the start of a process, in clock ticks since the machine's start (proc(5), field 22); `undefined` if there is
 * none. The name, which may hold anything, ends with the last bracket.
 */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return short(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}
