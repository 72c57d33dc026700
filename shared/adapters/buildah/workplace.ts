import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { chown, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { defined } from '../../core/documents/defined.ts';
import type { Reach } from '../../core/outbound/public-address.ts';
import { isLoopbackAddress } from '../../core/outbound/public-address.ts';
import { isLocalhost } from '../../core/outbound/resolve-name.ts';
import type { RegistryAccess } from '../../core/ports/runner.ts';
import { authFileFor } from './auth-file.ts';
import type { Cgroup } from './cgroup.ts';
import { makeCgroup } from './cgroup.ts';
import { watchDisk } from './disk.ts';
import type { Gateway } from './gateway.ts';
import { openGateway } from './gateway.ts';
import { folderPrefix } from './left-folders.ts';
import { behindDoors } from './relay.ts';
import type { Isolation } from './requirements.ts';
import { asBuilder, builderOf, containerIds, inSandbox, stepOptions } from './sandbox.ts';
import type { BuildLimits } from './settings.ts';
import type { Spawned } from './spawned.ts';
import { spawned } from './spawned.ts';
import { writeWorld } from './world.ts';

/** The means that keep builds apart from this machine. */
export interface Sandboxed {
  readonly isolation: Isolation;
  /**
   * The means that keep a step apart, in the builder's own sandbox: `chroot` needs no program that runs containers, and
   * lets steps see the builder's processes.
   */
  readonly steps: 'oci' | 'chroot';
  /** The network of steps: none, or the public internet by the gateway's proxy. */
  readonly network: 'none' | 'public';
  readonly limits: BuildLimits;
  /** The addresses that builders may fetch from, besides this registry. */
  readonly reach: Reach;
  /** The origins to which this registry redirects clients for its blobs: they may be at private addresses too. */
  readonly stores: readonly string[];
}

export interface WorkplaceOptions {
  /** Registries that speak no TLS. */
  readonly plainHosts: readonly string[];
  readonly ownHosts: readonly string[];
  /** The logins; if absent, the builder has no login anywhere. */
  readonly access?: RegistryAccess | undefined;
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The end of a program; `over` names the limit that it broke. */
export interface Ran extends Spawned {
  readonly over?: string;
}

/**
 * A folder of one job's own, and a world around it: context, image store and result, which are all removed when it is
 * discarded.
 */
export class Workplace {
  readonly #folder: string;
  readonly #options: WorkplaceOptions;
  readonly #sandboxed: Sandboxed;
  readonly #files: Readonly<Record<string, string>>;
  readonly #gateway: Gateway;
  readonly #cgroup: Cgroup;
  readonly #node: number;

  private constructor(
    folder: string,
    options: WorkplaceOptions,
    sandboxed: Sandboxed,
    made: { files: Readonly<Record<string, string>>; gateway: Gateway; cgroup: Cgroup; node: number },
  ) {
    this.#folder = folder;
    this.#options = options;
    this.#sandboxed = sandboxed;
    this.#files = made.files;
    this.#gateway = made.gateway;
    this.#cgroup = made.cgroup;
    this.#node = made.node;
  }

  static async make(sandboxed: Sandboxed, options: WorkplaceOptions): Promise<Workplace> {
    const {
      isolation: { ids, cgroups },
      limits,
      network,
    } = sandboxed;
    const folder = await mkdtemp(join(await realpath(tmpdir()), folderPrefix('build')));
    const files = writeWorld(folder, ids, options.plainHosts);
    const owner = builderOf(ids);
    const gateway = await openGateway({
      folder: join(folder, 'gateway'),
      seenAt: '/gateway',
      owner,
      plainHosts: reachableHosts(options, sandboxed),
      ownHosts: [...options.ownHosts, ...sandboxed.stores.map((store) => new URL(store).host)],
      reach: sandboxed.reach,
      opensToSteps: network === 'public',
    });
    const cgroup = makeCgroup(cgroups, basename(folder), limits);
    const workplace = new Workplace(folder, options, sandboxed, {
      files,
      gateway,
      cgroup,
      node: openSync(process.execPath, 'r'),
    });
    await workplace.#write('login', 'auth.json', await authFileFor(options.access ?? { logins: [], abroad: [] }));
    return workplace;
  }

  /**
   * Returns the path at which this process finds a file of the job. Nothing may be read there but by `openOwn`: the
   * builder may have made a link of it.
   */
  at(...names: string[]): string {
    return join(this.#folder, 'job', ...names);
  }

  /** Returns the path at which the builder finds the file. */
  seen(...names: string[]): string {
    return join('/job', ...names);
  }

  async #write(folder: 'login' | 'secrets', name: string, text: string): Promise<void> {
    const { uid, gid } = builderOf(this.#sandboxed.isolation.ids);
    await writeFile(join(this.#folder, folder, name), text, { mode: 0o600, flag: 'wx' });
    await chown(join(this.#folder, folder, name), uid, gid);
  }

  /** Writes a file that the builder sees by the name that is returned, and its containers do not. */
  async writeSecret(name: string, text: string): Promise<string> {
    await this.#write('secrets', name, text);
    return `/secrets/${name}`;
  }

  /**
   * Opens a file of the job, if it is one and lies where it should: the target of a link does not count. The caller
   * closes it.
   */
  async openOwn(...names: string[]): Promise<number> {
    const path = this.at(...names);
    if ((await realpath(dirname(path))) !== dirname(path))
      throw new Error(`${names.join('/')} is not where the builder should have put it`);
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    throw new Error(`${names.join('/')} is no file`);
  }

  /** Runs a program in the job's world. `shown` are the folders that it needs besides the job's own. */
  async run(
    command: readonly string[],
    timeoutMs: number,
    { shown = [], log = this.#options.log }: { shown?: readonly string[]; log?: (text: string) => void } = {},
  ): Promise<Ran> {
    const {
      isolation: { ids, runtime },
      limits,
    } = this.#sandboxed;
    const proxied = shown.includes('login')
      ? { REGISTRY_AUTH_FILE: '/login/auth.json', ...proxies(this.#gateway.proxy) }
      : {};
    const all = inSandbox(behindDoors(this.#gateway.doors, command), {
      ids,
      runtime,
      folder: this.#folder,
      files: this.#files,
      shown: ['gateway', ...shown],
      environment: { ...this.#stepProxies(), ...proxied },
      cgroups: this.#cgroup.joins,
    });
    const stop = new AbortController();
    let over: string | undefined;
    const unwatch = watchDisk({ folder: this.#folder, ids }, limits.diskBytes, (why) => {
      over = why;
      stop.abort();
    });
    try {
      const ended = await spawned(all[0] ?? '', all.slice(1), {
        env: { PATH: process.env.PATH },
        cwd: this.#folder,
        timeoutMs,
        signal: this.#options.signal,
        stop: stop.signal,
        descriptor: this.#node,
        log,
      });
      return { ...ended, ...defined({ over }) };
    } finally {
      unwatch();
    }
  }

  #stepProxies(): Readonly<Record<string, string>> {
    return this.#sandboxed.network === 'public' ? proxies(this.#gateway.proxy) : {};
  }

  buildah(
    command: string,
    args: readonly string[],
    timeoutMs: number,
    how: { shown?: readonly string[]; log?: (text: string) => void } = {},
  ): Promise<Ran> {
    return this.run(
      [
        'buildah',
        '--storage-driver',
        process.env.STORAGE_DRIVER ?? 'vfs',
        '--root',
        this.seen('storage'),
        '--runroot',
        this.seen('run'),
        command,
        ...args,
      ],
      timeoutMs,
      how,
    );
  }

  /** The options of commands that make a container, and in `starts` of those that run something in one. */
  get containerOptions(): { readonly makes: readonly string[]; readonly starts: readonly string[] } {
    const {
      isolation: { runtime },
      network,
      steps,
    } = this.#sandboxed;
    const starts = stepOptions({ runtime, steps, network });
    return { makes: [...containerIds, `--http-proxy=${String(network === 'public')}`], starts };
  }

  /** Discards the job. Files that cannot be removed stay, and are logged: no build fails for it. */
  async discard(): Promise<void> {
    try {
      await Promise.all([this.#gateway.close(), this.#cgroup.remove()]);
      await Promise.all(
        ['login', 'secrets'].map((name) => rm(join(this.#folder, name), { recursive: true, force: true })),
      );
      await this.#removeJob();
      await rm(this.#folder, { recursive: true, force: true });
    } catch (error) {
      this.#options.log(`${this.#folder} could not be removed: ${String(error).slice(0, 300)}\n`);
    } finally {
      closeSync(this.#node);
    }
  }

  /**
   * Removes the job's files by a program, and as the builder: they belong to users that it alone may be, and a step
   * makes folders so deep that Node has no path for them, or millions of files.
   */
  async #removeJob(): Promise<void> {
    const [program = '', ...args] = asBuilder(this.#sandboxed.isolation.ids, ['rm', '-rf', this.at()]);
    await spawned(program, args, {
      env: { PATH: process.env.PATH },
      cwd: '/',
      timeoutMs: removingMs,
      signal: new AbortController().signal,
      log: () => undefined,
    });
  }
}

const removingMs = 5 * 60_000;

/**
 * Returns the places on this machine that a builder may reach: this registry and its storage, and other registries
 * where the operator has opened loopback. A Dockerfile names any port.
 */
function reachableHosts({ plainHosts, ownHosts }: WorkplaceOptions, { reach, stores }: Sandboxed): string[] {
  const local = stores
    .map((store) => new URL(store))
    .filter(({ hostname }) => isLoopbackName(hostname))
    .map(({ host }) => host);
  return [...local, ...plainHosts.filter((host) => ownHosts.includes(host) || reach.isOpened('127.0.0.1'))];
}

function isLoopbackName(hostname: string): boolean {
  return isLocalhost(hostname) || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''));
}

function proxies(proxy: string): Record<string, string> {
  return Object.fromEntries(['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, proxy]));
}
