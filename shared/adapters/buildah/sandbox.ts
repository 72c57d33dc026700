import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { defined } from '../../core/documents/defined.ts';

/**
 * The first of this machine's user and group ids that a build may have, as `/etc/subuid` and `/etc/subgid` grant them
 * to this process's user.
 */
export interface Ids {
  readonly users: number;
  readonly groups: number;
}

/** The number of ids that a container of an image needs: 0 to 65535. */
const idsOfContainer = 65_536;

/** The parts of a builder's world. */
export interface SandboxOptions {
  readonly ids: Ids;
  /** The program that runs steps. */
  readonly runtime: 'crun' | 'runc';
  /** The job's folder, which the builder finds as `/job`. */
  readonly folder: string;
  /** Files of `folder/etc`, and the name of each in the builder's world. */
  readonly files: Readonly<Record<string, string>>;
  /** More folders of `folder` that this command sees, each below the top of its world. */
  readonly shown: readonly string[];
  /** The environment of the builder. */
  readonly environment: Readonly<Record<string, string>>;
  /** The files `cgroup.procs` of the groups that the process joins first. */
  readonly cgroups: readonly string[];
}

/** Says whether this process may have any id: the builder is then another user altogether. */
const isRoot = () => process.geteuid?.() === 0;

/** Returns the ids of the builder's own user on this machine. */
export function builderOf({ users, groups }: Ids): { uid: number; gid: number } {
  return isRoot()
    ? { uid: users, gid: groups }
    : { uid: process.geteuid?.() ?? users, gid: process.getegid?.() ?? groups };
}

/** Reads the ids of the user that runs this process; they are absent where it has none, or too few. */
export function readIds(): Partial<Ids> {
  const uid = process.geteuid?.();
  const username = ownName();
  // Root gives one of them to the builder itself; any other user is the builder.
  const needed = idsOfContainer + (isRoot() ? 1 : 0);
  const first = (file: string) => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    const ranges = lines.map((line) => line.split(':')).filter(([name]) => name === username || name === String(uid));
    const fit = ranges.find(([, start, count]) => Number(start) > 0 && Number(count) >= needed);
    return fit === undefined ? undefined : Number(fit[1]);
  };
  const [users, groups] = [first('/etc/subuid'), first('/etc/subgid')];
  return defined({ users, groups });
}

/** Returns the name of this process's user. In a container it may have none: Node throws then. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

export const idsNeeded = idsOfContainer + 1;

/**
 * Maps the users of steps to ids of which none is the builder's: its files (logins, secrets) stay closed to a step that
 * finds a way out of its container.
 */
export const containerIds: readonly string[] = [
  '--userns-uid-map',
  `0:1:${idsOfContainer}`,
  '--userns-gid-map',
  `0:1:${idsOfContainer}`,
];

/**
 * The capabilities that even root of a container does not get. The first would lead out of a `chroot`, the second end
 * the builder's processes if they were visible, the third give files rights; the others are of no use to a build.
 */
const droppedCapabilities: readonly string[] = [
  'SYS_CHROOT',
  'KILL',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'MKNOD',
  'AUDIT_WRITE',
];

/** Makes the options by which buildah starts a step or a test. */
export function stepOptions({
  runtime,
  steps,
  network,
}: {
  readonly runtime: string;
  readonly steps: 'oci' | 'chroot';
  readonly network: 'none' | 'public';
}): string[] {
  // `host` is the builder's own network, in which the doors can tell a step from the builder. buildah knows no other
  // with `chroot`.
  const joinedNetwork = network === 'public' || steps === 'chroot' ? 'host' : 'none';
  return [
    '--isolation',
    steps,
    ...(steps === 'oci' ? ['--runtime', runtime] : []),
    '--network',
    joinedNetwork,
    '--cap-drop',
    droppedCapabilities.map((name) => `CAP_${name}`).join(','),
  ];
}

const owned = (ids: Ids, kind: keyof Ids, own: number) =>
  isRoot() ? [`${ids[kind]},0,${idsNeeded}`] : [`${own},0,1`, `${ids[kind]},1,${idsOfContainer}`];

/** Runs `command` in a user namespace of these ids alone, in which it is root. */
export function asBuilder(ids: Ids, command: readonly string[], options: readonly string[] = []): string[] {
  const { uid, gid } = builderOf(ids);
  const maps = [
    ...owned(ids, 'users', uid).map((map) => `--map-users=${map}`),
    ...owned(ids, 'groups', gid).map((map) => `--map-groups=${map}`),
  ];
  return ['unshare', '--user', ...maps, '--setuid', '0', '--setgid', '0', ...options, '--', ...command];
}

/**
 * Runs `command` as a user that may enter each folder of a job: those of steps belong to users that, besides root, only
 * the builder may be.
 */
export function enteringAll(ids: Ids, command: readonly string[]): readonly string[] {
  return isRoot() ? command : asBuilder(ids, command);
}

/** Mounts the folders of programs: on most machines they are links into /usr. */
function programs(): string[] {
  return ['/bin', '/sbin', '/lib', '/lib64']
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path],
    );
}

/** The certificates that TLS trusts, and those that clients show to registries. */
const trust = [
  '/etc/ssl',
  '/etc/pki',
  '/etc/ca-certificates',
  '/etc/containers/certs.d',
  '/etc/docker/certs.d',
].flatMap((path) => ['--ro-bind-try', path, path]);

/**
 * Joins the groups, in which everything that it starts stays too. Its files get the usual modes: this process's umask
 * may keep files from all others.
 */
const joinGroups = 'umask 022; while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"';

/** Mounts the builder's own cgroup as the top of those that it sees: it can leave it by no path. */
const enter = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"';

/**
 * Runs one command of a builder in a world of its own, with its users, files, processes and network. Of this machine it
 * sees programs, and the job's folder; its only network is the gateway's, and it ends with everything in it when the
 * first process is killed.
 */
export function inSandbox(command: readonly string[], options: SandboxOptions): string[] {
  const { ids, cgroups } = options;
  return [
    ...['sh', '-c', joinGroups, 'sh'],
    ...cgroups,
    '--',
    ...asBuilder(
      ids,
      [...world(options), '--', 'sh', '-c', enter, 'sh', ...command],
      ['--mount', '--fork', '--kill-child'],
    ),
  ];
}

function world({ runtime, folder, files, shown, environment }: SandboxOptions): string[] {
  const named = Object.entries(files).flatMap(([name, path]) => ['--ro-bind', join(folder, 'etc', name), path]);
  const more = shown.flatMap((name) => ['--bind', join(folder, name), `/${name}`]);
  const set = Object.entries({ PATH: searched, HOME: '/root', TMPDIR: '/job/tmp', ...environment }).flatMap(
    ([name, value]) => ['--setenv', name, value],
  );
  return [
    'bwrap',
    ...['pid', 'net', 'ipc', 'uts', 'cgroup'].map((kind) => `--unshare-${kind}`),
    '--die-with-parent',
    ...['--hostname', 'builder'],
    // Steps are other users here, and their runtime reads these folders.
    ...['/etc', '/etc/containers', '/var'].flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...['--ro-bind', '/usr', '/usr'],
    ...programs(),
    ...trust,
    ...named,
    ...['--proc', '/proc'],
    ...['--dev', '/dev'],
    ...['/tmp', '/run'].flatMap((path) => ['--tmpfs', path]),
    ...['/var/tmp', '/root'].flatMap((path) => ['--dir', path]),
    // runc makes a /sys only where it sees one.
    ...(runtime === 'runc' ? ['--ro-bind', '/sys', '/sys'] : ['--dir', '/sys/fs/cgroup']),
    ...['--bind', join(folder, 'job'), '/job'],
    ...more,
    ...['--cap-add', 'ALL'],
    ...['--chdir', '/job'],
    '--clearenv',
    ...set,
  ];
}

/** The folders of programs in the builder's world. */
const searched = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
