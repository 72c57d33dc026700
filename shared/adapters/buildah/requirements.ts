import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { CgroupParents } from './cgroup.ts';
import { cgroupParents, makeCgroup } from './cgroup.ts';
import { folderPrefix, removeLeftFolders } from './left-folders.ts';
import { behindDoors } from './relay.ts';
import type { Ids } from './sandbox.ts';
import { asBuilder, containerIds, idsNeeded, inSandbox, readIds, stepOptions } from './sandbox.ts';
import type { BuildLimits } from './settings.ts';
import { exitProgram } from './small-program.ts';
import { writeShown, writeWorld } from './world.ts';

/** The means of this machine to make a sandbox. */
export interface Isolation {
  readonly ids: Ids;
  readonly runtime: 'crun' | 'runc';
  readonly cgroups: CgroupParents;
}

export interface IsolationOptions {
  readonly limits: BuildLimits;
  readonly steps: 'oci' | 'chroot';
  readonly network: 'none' | 'public';
  /** The value of LONGSHORE_BUILD_CGROUP. */
  readonly cgroup?: string | undefined;
}

/** Thrown when this machine lacks something that a build needs: it names all of it at once. */
export class BuilderRefused extends Error {
  override readonly name = 'BuilderRefused';

  readonly missing: readonly string[];

  constructor(missing: readonly string[]) {
    super(
      'LONGSHORE_RUNNER is "buildah", but builds cannot be isolated from this ' +
        `machine:\n${missing.map((each) => `  - ${each}`).join('\n')}\nSet up what is missing, or leave ` +
        'LONGSHORE_RUNNER unset: then images are rebased, and external runners build tasks ' +
        '(docs/rebuilds.md, "Whom a builder trusts").',
    );
    this.missing = missing;
  }
}

/** The packages of the programs needed, as Debian names them; other distributions use like names. */
const needed: Readonly<Record<string, string>> = {
  buildah: 'buildah',
  bwrap: 'bubblewrap',
  unshare: 'util-linux',
  newuidmap: 'uidmap',
  newgidmap: 'uidmap',
  tar: 'tar',
  du: 'coreutils',
};

/** The means that were found to work in this process, by the options. */
const found = new Map<string, Isolation>();

/**
 * Finds out what this machine can do, by doing it once in a process: a trial takes a second or two. What fails is tried
 * again, for somebody may have set it up meanwhile. Throws `BuilderRefused`.
 */
export function isolationOf(options: IsolationOptions): Isolation {
  const { limits, steps, network, cgroup } = options;
  const asked = JSON.stringify([limits, steps, network, cgroup, process.env.PATH]);
  const known = found.get(asked);
  if (known !== undefined) return known;
  const isolation = tryIsolation(options);
  found.set(asked, isolation);
  return isolation;
}

function tryIsolation(options: IsolationOptions): Isolation {
  const missing: string[] = [];
  for (const [program, packageName] of Object.entries(needed))
    if (!isOnPath(program)) missing.push(`the program ${program} (of the package ${packageName})`);
  // A chroot needs no such program.
  const runtime = (['crun', 'runc'] as const).find(isOnPath) ?? (options.steps === 'chroot' ? 'crun' : undefined);
  if (runtime === undefined) missing.push('a program that runs containers: crun or runc');
  const { users, groups } = readIds();
  if (users === undefined) missing.push(idsMissing('/etc/subuid', 'subuids'));
  if (groups === undefined) missing.push(idsMissing('/etc/subgid', 'subgids'));
  const cgroups = cgroupParents(options.cgroup);
  if ('missing' in cgroups) missing.push(cgroups.missing);
  if (
    missing.length > 0 ||
    runtime === undefined ||
    users === undefined ||
    groups === undefined ||
    'missing' in cgroups
  )
    throw new BuilderRefused(missing);
  const isolation = { ids: { users, groups }, runtime, cgroups };
  removeLeftFolders(realpathSync(tmpdir()), (folder) => removeBeside(folder, isolation.ids));
  const failure = trialFailure(isolation, options);
  if (failure !== undefined) throw new BuilderRefused([failure]);
  return isolation;
}

function idsMissing(file: string, option: string): string {
  return (
    `user ids for builds: ${file} gives this process's user no ${idsNeeded} in a row (usermod ` +
    `--add-${option} 1000000-${1_000_000 + idsNeeded - 1} USER, in a range that nobody else has)`
  );
}

/** Says whether a program is in one of the folders of `PATH`. */
export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Builds an image of one step in the very sandbox. Returns why that fails. */
function trialFailure(
  { ids, runtime, cgroups }: Isolation,
  { limits, steps, network }: IsolationOptions,
): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), folderPrefix('trial')));
  const node = openSync(process.execPath, 'r');
  let cgroup: ReturnType<typeof makeCgroup> | undefined;
  try {
    cgroup = makeCgroup(cgroups, folder.slice(-24).replaceAll('/', '-'), limits);
    const files = writeWorld(folder, ids, []);
    const program = exitProgram();
    mkdirSync(join(folder, 'job', 'context'));
    chmodSync(join(folder, 'job', 'context'), 0o755);
    writeShown(join(folder, 'job', 'context', 'exit'), program ?? '', 0o755);
    writeShown(
      join(folder, 'job', 'context', 'Dockerfile'),
      `FROM scratch\nCOPY exit /exit\n${program === undefined ? '' : 'RUN ["/exit"]\n'}`,
    );
    const build = [
      'buildah',
      '--storage-driver',
      'vfs',
      '--root',
      '/job/storage',
      '--runroot',
      '/job/run',
      'build',
      ...containerIds,
      ...stepOptions({ runtime, steps, network }),
      '/job/context',
    ];
    const [name = '', ...args] = inSandbox(
      behindDoors([{ port: 3_128, address: '127.0.0.1', builder: '/nowhere' }], build, { isTied: false }),
      { ids, runtime, folder, files, shown: [], environment: {}, cgroups: cgroup.joins },
    );
    const { status, stderr, error } = spawnSync(name, args, {
      cwd: folder,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'ignore', 'pipe', node],
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    if (status === 0) return undefined;
    return (
      'a trial of the sandbox (user, mount, process and network namespaces, cgroups, and a step by ' +
      `${runtime}) failed: ${(error?.message ?? stderr).trim().split('\n').slice(-3).join('; ').slice(0, 600)}`
    );
  } catch (error) {
    return `a trial of the sandbox failed: ${(error as Error).message}`;
  } finally {
    void cgroup?.remove().catch(() => undefined);
    removeAsBuilder(folder, ids);
  }
}

/**
 * Removes a folder beside the start, which it would hold up: a build may have left millions of files. It does not keep
 * the process running.
 */
function removeBeside(folder: string, ids: Ids): void {
  const [name = '', ...args] = asBuilder(ids, ['rm', '-rf', join(folder, 'job')]);
  const job = spawn(name, args, { stdio: 'ignore' });
  job.once('error', () => undefined).once('exit', () => rmSync(folder, { recursive: true, force: true }));
  job.unref();
}

/** Removes a folder as the builder: files of containers belong to users that only the builder may be. */
function removeAsBuilder(folder: string, ids: Ids): void {
  const [name = '', ...args] = asBuilder(ids, ['rm', '-rf', join(folder, 'job')]);
  if (process.geteuid?.() !== 0) spawnSync(name, args, { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
