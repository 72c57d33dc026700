import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { command } from './command.ts';

// Debian's, by its path: a newer client on the PATH may not speak the engine's API.
const client = '/usr/bin/docker';

export interface DockerEngine {
  /** The client, on this engine, with logins in the engine's folder. Gives what it printed. */
  docker(...args: string[]): Promise<string>;
  /** SIGTERM, and the engine's end; its containerd ends before it does. */
  stop(): Promise<void>;
}

/**
 * A Docker engine on a unix socket that keeps everything in `folder` and leaves the machine's network as it is. Needs
 * root. Rejects with its log when it does not come up. `through` gives the command line of engine and client: in a
 * mount namespace, so that what the engine mounts goes with it.
 */
export async function startDockerEngine(
  folder: string,
  through: (program: string, args: readonly string[]) => readonly string[] = inOwnMounts,
): Promise<DockerEngine> {
  await mkdir(folder, { recursive: true });
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const logPath = join(folder, 'dockerd.log');
  await writeFile(join(folder, 'daemon.json'), JSON.stringify(settings(folder, socket)));
  const log = openSync(logPath, 'w');
  // The program before it in the command line becomes dockerd, so the pid is dockerd's.
  const [program = '', ...args] = through('dockerd', ['--config-file', join(folder, 'daemon.json')]);
  const engine = spawn(program, args, { stdio: ['ignore', log, log] });
  const ended = once(engine, 'exit');
  const docker = (...given: string[]) => {
    const [first = '', ...rest] = through(client, ['--config', join(folder, 'client'), '--host', socket, ...given]);
    return command(first, rest);
  };
  const stop = async () => {
    engine.kill('SIGTERM');
    await ended;
  };
  for (let attempt = 0; attempt < 150 && engine.exitCode === null; attempt++) {
    if (
      await docker('version').then(
        () => true,
        () => false,
      )
    )
      return { docker, stop };
    await pause(200);
  }
  await stop();
  throw new Error(`dockerd did not come up:\n${(await readFile(logPath, 'utf8')).slice(-4_000)}`);
}

function inOwnMounts(program: string, args: readonly string[]): readonly string[] {
  return ['unshare', '-m', program, ...args];
}

function settings(folder: string, socket: string): object {
  return {
    hosts: [socket],
    'data-root': join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'dockerd.pid'),
    'storage-driver': 'vfs',
    bridge: 'none',
    iptables: false,
    ip6tables: false,
    'ip-forward': false,
    'insecure-registries': ['127.0.0.0/8'],
  };
}
