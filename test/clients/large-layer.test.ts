import { createCipheriv, createHash } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { residentBytes } from './resident-bytes.ts';

const layerBytes = 2 * 1024 ** 3;
const allowedGrowth = 96 * 1024 ** 2;
const chunk = Buffer.alloc(1024 * 1024);

let state: Awaited<ReturnType<typeof stateFolder>>;
let stack: RunningStack;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path);
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await state.remove();
});

/** Bytes that do not compress, the same for the same seed, made faster than they are sent. */
function* randomLayer(seed: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  for (let sent = 0; sent < layerBytes; sent += chunk.length) yield cipher.update(chunk);
}

function layerDigest(seed: number): string {
  const hash = createHash('sha256');
  for (const bytes of randomLayer(seed)) hash.update(bytes);
  return `sha256:${hash.digest('hex')}`;
}

/** As docker and skopeo do: a chunked PATCH of unknown length. */
async function patch(url: string, body: Iterable<Buffer>): Promise<IncomingMessage> {
  const outgoing = request(url, { method: 'PATCH', headers: { 'content-type': 'application/octet-stream' } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
  await pipeline(Readable.from(body, { objectMode: false, highWaterMark: 1024 * 1024 }), outgoing);
  const answer = await answered;
  answer.resume();
  return answer;
}

/** The most that a process grew by while `work` ran. */
async function growthWhile<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; growth: number }> {
  const before = residentBytes(pid);
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, residentBytes(pid))), 50);
  try {
    return { result: await work(), growth: most - before };
  } finally {
    clearInterval(timer);
  }
}

describe.each([['url', 1], ['functionsUrl', 2]] as const)('a layer of 2 GiB, on the stack\'s %s', (host, seed) => {
  it('goes up by one chunked PATCH in bounded memory, and comes back byte for byte', async () => {
    const digest = layerDigest(seed);
    const started = await fetch(`${stack[host]}/v2/large/layer/blobs/uploads/`, { method: 'POST' });
    const { result: patched, growth } = await growthWhile(stack.pid, () => patch(`${stack[host]}${started.headers.get('location') ?? ''}`, randomLayer(seed)));
    expect(patched.statusCode).toBe(202);
    const finished = await fetch(`${stack[host]}${patched.headers.location ?? ''}&digest=${digest}`, { method: 'PUT' });
    expect(finished.status).toBe(201);
    const hash = createHash('sha256');
    const pulled = await fetch(`${stack[host]}/v2/large/layer/blobs/${digest}`);
    for await (const bytes of pulled.body ?? []) hash.update(bytes as Uint8Array);
    expect(`sha256:${hash.digest('hex')}`).toBe(digest);
    expect(growth).toBeLessThan(allowedGrowth);
    process.stdout.write(`${host}: the server grew by ${Math.round(growth / 1024 ** 2)} MiB over a 2 GiB layer\n`);
  });
});
