import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Figure } from './compare.ts';
import { startEmulators } from './emulators.ts';
import { start } from './server-process.ts';

const layerMebibytes = 1024;
const mebibyte = 1024 * 1024;

/** Measures the app's growth in memory while one layer of 1 GiB is pushed by one chunked PATCH, over the emulators. */
export async function benchMemory(): Promise<Figure[]> {
  const emulators = await startEmulators();
  const longshore = await start('emulators', JSON.stringify(emulators.settings));
  try {
    const url = `http://127.0.0.1:${longshore.server.port}`;
    const started = await fetch(`${url}/v2/bench/large/blobs/uploads/`, { method: 'POST' });
    const before = residentBytes(longshore.pid);
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, residentBytes(longshore.pid))), 50);
    const since = performance.now();
    const { statusCode } = await patch(`${url}${started.headers.get('location') ?? ''}`);
    clearInterval(watch);
    if (statusCode !== 202) throw new Error(`PATCH ${statusCode ?? ''}`);
    const rate = (layerMebibytes * 1000) / (performance.now() - since);
    return [
      {
        name: `growth over a layer of ${layerMebibytes} MiB`,
        value: `${Math.round((most - before) / mebibyte)} MiB, from ${Math.round(before / mebibyte)} MiB; at ${Math.round(rate)} MiB/s`,
      },
    ];
  } finally {
    longshore.stop();
    await emulators.stop();
  }
}

async function patch(url: string): Promise<IncomingMessage> {
  const outgoing = request(url, { method: 'PATCH', headers: { 'content-type': 'application/octet-stream' } });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  await pipeline(Readable.from(layer()), outgoing);
  const answer = await answered;
  answer.resume();
  return answer;
}

function* layer(): Generator<Buffer> {
  const bytes = randomBytes(mebibyte);
  for (let sent = 0; sent < layerMebibytes; sent++) yield bytes;
}

/** Reads the resident memory of another process, which only Linux offers. */
function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
