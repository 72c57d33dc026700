import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const named = /^longshore-(?:build|trial)-([0-9a-z]+)-([0-9a-z]+)-([0-9a-z]+)-[A-Za-z0-9]{6}$/;

/**
 * How a folder's name begins that this process makes for a build: it says whose it is, so that what a process leaves
 * which was killed is known. A process's id means something within its own namespace alone, and is given again: the
 * moment of its start is not.
 */
export function folderPrefix(kind: 'build' | 'trial'): string {
  return `longshore-${kind}-${pidNamespace()}-${process.pid.toString(36)}-${startOf(process.pid) ?? '0'}-`;
}

/** Sockets lie in the folder, whose paths have at most 107 bytes. */
function short(decimal: string | undefined): string | undefined {
  return decimal === undefined ? undefined : Number(decimal).toString(36);
}

/**
 * Removes, from the folder `parent`, what processes have left there that are no more: logins and secrets of their
 * builds at once, and then, by `removeRest`, what the builds made, which may be much. Gives the folders that it found.
 * What belongs to another user is left alone.
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

/** Not what a link leads to: anybody may make one in the folder for temporary files. */
function isOwn(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === process.geteuid?.();
}

function pidNamespace(): string {
  return short(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]) ?? '0';
}

/**
 * When a process began, in clock ticks since the machine's start (proc(5), field 22); `undefined` when there is none.
 * The name, which may hold anything, ends with the last bracket.
 */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return short(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}
