import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { digestOf } from '../shared/core/oci/digest.ts';
import type { TestImage } from '../test/shared/image.ts';
import { makeImage } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, rateOf, ratio, told } from './compare.ts';
import { program, startDistribution } from './distribution.ts';
import { requestsPerSecond } from './http-load.ts';
import { start } from './server-process.ts';

const repository = 'bench/peer';
const roundMs = 1_500;
const inFlight = 16;

/**
 * Measures pulls of one manifest, and pushes of tiny images, against CNCF Distribution: each over its memory, in turns.
 */
export async function benchPeer(): Promise<Figure[]> {
  const peer = await startDistribution();
  if (peer === undefined)
    return [
      { name: 'Longshore / Distribution', value: `skipped: there is no ${program} (apt-get install docker-registry)` },
    ];
  const longshore = await start('longshore');
  const clients = [client('Longshore', longshore.server.port), client('Distribution', peer.port)];
  try {
    const image = makeImage('peer', 2, { annotations: { filler: 'x'.repeat(1_500) } });
    for (const { push } of clients) await push(image, 'v1');
    const measured = await interleave([
      ...clients.map((each) => each.pulls(`/v2/${repository}/manifests/${image.digest}`)),
      ...clients.map((each) => each.pushes()),
    ]);
    const [ourPulls, theirPulls, ourPushes, theirPushes] = measured;
    return [
      ...measured.map(told),
      ratio(ourPulls, theirPulls, 'manifest GET / Distribution'),
      ratio(ourPushes, theirPushes, 'tiny image push / Distribution'),
    ];
  } finally {
    for (const { close } of clients) await close();
    longshore.stop();
    await peer.stop();
  }
}

/**
 * Makes a client that costs little beside the server: connections stay open, and it reads only status and `Location` of
 * an answer.
 */
function client(name: string, port: number) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: inFlight });
  const send = async (method: 'POST' | 'PUT', path: string, body?: Uint8Array, type = 'application/octet-stream') => {
    const answer = await pool.request({ method, path, body: body ?? null, headers: { 'content-type': type } });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${name}: ${method} ${path}: ${answer.statusCode} ${text}`);
    return String(answer.headers.location);
  };
  const push = async (image: TestImage, tag: string) => {
    for (const blob of [image.config, ...image.layers]) {
      // Distribution answers with an absolute URL, Longshore with a path.
      const upload = new URL(await send('POST', `/v2/${repository}/blobs/uploads/`), `http://127.0.0.1:${port}`);
      upload.searchParams.set('digest', digestOf(blob));
      await send('PUT', upload.pathname + upload.search, blob);
    }
    await send('PUT', `/v2/${repository}/manifests/${tag}`, image.bytes, image.mediaType);
  };
  return {
    push,
    pulls: (path: string): Side => ({
      name: `${name}, manifest by digest`,
      unit: '/s',
      measure: () => requestsPerSecond(port, { path, status: 200 }, roundMs),
    }),
    pushes: (): Side => ({
      name: `${name}, tiny images up`,
      unit: '/s',
      measure: () => rateOf(inFlight, roundMs, () => push(makeImage(randomUUID(), 1), `t-${randomUUID()}`)),
    }),
    close: () => pool.close(),
  };
}
