import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../shared/app.ts';
import { remoteApp } from '../test/conformance/registry.ts';
import { freePort } from '../test/local/stack/free-port.ts';
import { ask, makeImage, pushImage } from '../test/shared/image.ts';
import { requestsPerSecond } from './http-load.ts';
import { median, start } from './server-process.ts';

const program = '/usr/bin/docker-registry';
const repository = 'bench/peer';
const roundMs = 1_500;
const rounds = 5;

/** Pulls of one manifest from Longshore over memory and from CNCF Distribution, Debian's package, over its memory driver: interleaved. */
export async function benchPeer(): Promise<{ name: string; value: string }[]> {
  if (!existsSync(program)) return [{ name: 'manifest GET / Distribution', value: `skipped: there is no ${program} (apt-get install docker-registry)` }];
  const [longshore, peer] = await Promise.all([start('longshore'), distribution()]);
  try {
    const image = makeImage('peer', 2, { annotations: { filler: 'x'.repeat(1_500) } });
    const ports = [longshore.server.port, peer.port];
    for (const port of ports) await pushImage(withRelativeLocations(`http://127.0.0.1:${port}`), repository, 'v1', image);
    const asked = { path: `/v2/${repository}/manifests/${image.digest}`, status: 200 };
    for (const port of ports) await requestsPerSecond(port, asked, roundMs); // Both warm up first.
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [at, port] of ports.entries()) rates[at]?.push(await requestsPerSecond(port, asked, roundMs));
    }
    const [ours, theirs] = rates;
    return [
      { name: 'Longshore, manifest by digest', value: `${Math.round(median(ours))}/s (${ours.map(Math.round).join(' ')})` },
      { name: 'Distribution, manifest by digest', value: `${Math.round(median(theirs))}/s (${theirs.map(Math.round).join(' ')})` },
      { name: 'manifest GET / Distribution', value: (median(ours) / median(theirs)).toFixed(1) },
    ];
  } finally {
    longshore.stop();
    await peer.stop();
  }
}

/** Distribution answers with absolute URLs, we with paths; both are allowed, and the push takes paths. */
function withRelativeLocations(url: string): App {
  const remote = remoteApp(url);
  return {
    async fetch(request) {
      const answer = await remote.fetch(request);
      const headers = new Headers(answer.headers);
      headers.set('location', headers.get('location')?.replace(url, '') ?? '');
      return new Response(answer.body, { status: answer.status, headers });
    },
  };
}

async function distribution() {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-peer-'));
  const port = await freePort();
  await writeFile(join(folder, 'config.yml'), `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { inmemory: {} }\nhttp: { addr: 127.0.0.1:${port} }\n`);
  const child = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  // Wrong answers end the whole bench, and it must not outlive that.
  process.once('exit', () => child.kill());
  const app = remoteApp(`http://127.0.0.1:${port}`);
  const answers = () => ask(app, 'GET', '/v2/').then(({ ok }) => ok, () => false);
  for (let tries = 0; tries < 100 && !(await answers()); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    async stop() {
      child.kill();
      await rm(folder, { recursive: true });
    },
  };
}
