import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { command } from './command.ts';

interface RuntimeConfig {
  process: { terminal: boolean; env: string[]; capabilities: object; noNewPrivileges: boolean };
  root: { readonly: boolean };
  mounts: { destination: string }[];
  linux: object;
}

export interface Container {
  /** The pid of its first process, as this machine counts. */
  readonly pid: number;
  /** Returns what it has logged, as lines of JSON. */
  log(): string;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
}

/** A folder to build from, with this machine's Node and what it links to: where no base can be pulled this is one. */
export async function nodeBase(folder: string): Promise<string> {
  const linked = await command('ldd', [process.execPath]);
  const libraries = [...linked.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  for (const library of libraries) await copyInto(join(folder, 'root'), library, library);
  await copyInto(join(folder, 'root'), process.execPath, '/nodejs/bin/node');
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY root/ /\n');
  return folder;
}

async function copyInto(root: string, from: string, to: string): Promise<void> {
  await mkdir(join(root, dirname(to)), { recursive: true });
  await copyFile(from, join(root, dirname(to), basename(to)));
}

/**
 * Runs what `umoci unpack` made of an image as Container Apps would run it, the image's own user, entry and folder
 * included: no capability, no new privileges, a root that cannot be written. It shares this machine's network, where
 * the stores are.
 */
export async function startContainer(
  bundle: string,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<Container> {
  const path = join(bundle, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as RuntimeConfig;
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  Object.assign(config.process, {
    terminal: false,
    capabilities: none,
    noNewPrivileges: true,
    env: [...config.process.env, ...Object.entries(environment).map(([key, value]) => `${key}=${value}`)],
  });
  config.root.readonly = true;
  config.mounts = config.mounts.filter(({ destination }) => destination === '/proc' || destination === '/dev');
  config.linux = { namespaces: ['mount', 'pid', 'ipc', 'uts'].map((type) => ({ type })) };
  await writeFile(path, JSON.stringify(config));
  const state = join(dirname(bundle), 'runc');
  const child = spawn('runc', ['--root', state, 'run', '--bundle', bundle, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const log = await untilListening(child);
  const { pid } = JSON.parse(await command('runc', ['--root', state, 'state', name])) as { pid: number };
  return {
    pid,
    log,
    async stop() {
      if (child.exitCode === null) process.kill(pid, 'SIGTERM');
      return (await exited)[0];
    },
  };
}

function untilListening(child: ChildProcess): Promise<() => string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('"listening"')) resolve(() => text);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the container ended with ${String(code)}: ${text}`)));
  });
}
