import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildLimits } from './settings.ts';

/** The folder of cgroups, on every Linux. */
const root = '/sys/fs/cgroup';

/** A limit as it is written into a file of a controller. */
interface Written {
  readonly controller: 'memory' | 'cpu' | 'pids';
  readonly file: string;
  readonly value: string;
  /** True where the kernel may be built without it. */
  readonly isOptional?: boolean;
}

const periodUs = 100_000;

function ofVersion2({ memoryBytes, cpus, pids }: BuildLimits): Written[] {
  return [
    { controller: 'memory', file: 'memory.max', value: String(memoryBytes) },
    { controller: 'memory', file: 'memory.swap.max', value: '0', isOptional: true },
    { controller: 'cpu', file: 'cpu.max', value: `${Math.round(cpus * periodUs)} ${periodUs}` },
    { controller: 'pids', file: 'pids.max', value: String(pids) },
  ];
}

function ofVersion1({ memoryBytes, cpus, pids }: BuildLimits): Written[] {
  return [
    { controller: 'memory', file: 'memory.limit_in_bytes', value: String(memoryBytes) },
    { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: String(memoryBytes), isOptional: true },
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(periodUs) },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(Math.round(cpus * periodUs)) },
    { controller: 'pids', file: 'pids.max', value: String(pids) },
  ];
}

/** The folder in which each build gets a cgroup of its own; in version 1 there is one for each controller. */
export interface CgroupParents {
  readonly version: 1 | 2;
  readonly folderOf: (controller: Written['controller']) => string;
}

/**
 * Finds the cgroups below `given`, which the operator has delegated, or below one at the top that this process makes as
 * root; otherwise says what is missing.
 */
export function cgroupParents(given: string | undefined): CgroupParents | { readonly missing: string } {
  try {
    const isVersion2 = existsSync(join(given ?? root, 'cgroup.controllers'));
    return isVersion2
      ? versionTwo(given ?? join(root, 'longshore'), given === undefined)
      : versionOne(given ?? 'longshore');
  } catch (error) {
    const path = given ?? join(root, 'longshore');
    return {
      missing:
        `a cgroup that this process may write, to limit memory, processors and processes: ${path} ` +
        `cannot be used (${(error as Error).message}). Run as root, or set LONGSHORE_BUILD_CGROUP to a ` +
        'cgroup of your own with the controllers memory, cpu and pids (systemd: Delegate=yes)',
    };
  }
}

function versionTwo(parent: string, isOwn: boolean): CgroupParents {
  if (isOwn) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory +cpu +pids');
  mkdirSync(parent, { recursive: true });
  writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory +cpu +pids');
  return { version: 2, folderOf: () => parent };
}

/** Finds the cgroups of version 1, where `name` lies below the top of each controller's own tree. */
function versionOne(name: string): CgroupParents {
  const folderOf = (controller: string) => join(root, controller, name);
  for (const controller of ['memory', 'cpu', 'pids']) {
    accessSync(join(root, controller, 'cgroup.procs'), constants.R_OK);
    mkdirSync(folderOf(controller), { recursive: true });
  }
  return { version: 1, folderOf };
}

/** The cgroup that one build runs in. */
export interface Cgroup {
  /** The files that a process writes its id into, to join it. */
  readonly joins: readonly string[];
  /** Ends the processes that are still in it, and removes it. */
  remove(): Promise<void>;
}

/** Makes a cgroup. Throws when a limit cannot be set: nothing runs without it. */
export function makeCgroup({ version, folderOf }: CgroupParents, name: string, limits: BuildLimits): Cgroup {
  const written = version === 2 ? ofVersion2(limits) : ofVersion1(limits);
  const folders = [...new Set(written.map(({ controller }) => join(folderOf(controller), name)))];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const { controller, file, value, isOptional = false } of written) {
    const path = join(folderOf(controller), name, file);
    if (!isOptional || existsSync(path)) writeFileSync(path, value);
  }
  return {
    joins: folders.map((folder) => join(folder, 'cgroup.procs')),
    remove: async () => {
      await Promise.all(folders.map((folder) => removeFolder(folder)));
    },
  };
}

/** Removes a folder. The kernel frees a cgroup a moment after its last process has ended. */
async function removeFolder(folder: string): Promise<void> {
  for (let tries = 0; existsSync(folder); tries += 1) {
    try {
      for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
        endProcess(Number(pid));
      rmdirSync(folder);
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(20);
    }
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended meanwhile.
  }
}
