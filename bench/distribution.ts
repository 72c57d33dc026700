import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remoteApp } from '../test/conformance/registry.ts';
import { ask } from '../test/shared/image.ts';

/** The program of Debian's package `docker-registry`. */
export const program = '/usr/bin/docker-registry';

export interface Distribution {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts CNCF Distribution 2.8 over its memory driver; `undefined` if it is not installed. */
export async function startDistribution(): Promise<Distribution | undefined> {
  if (!existsSync(program)) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'longshore-peer-'));
  const port = await freePort();
  await writeFile(
    join(folder, 'config.yml'),
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { inmemory: {} }\nhttp: { addr: 127.0.0.1:${port} }\n`,
  );
  const child = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  // Wrong answers end the whole bench, and the server must not outlive it.
  process.once('exit', () => child.kill());
  const app = remoteApp(`http://127.0.0.1:${port}`);
  const answers = () =>
    ask(app, 'GET', '/v2/').then(
      ({ ok }) => ok,
      () => false,
    );
  for (let tries = 0; tries < 100 && !(await answers()); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    async stop() {
      child.kill();
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
