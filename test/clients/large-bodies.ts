import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { residentBytes } from './resident-bytes.ts';

export const mebibyte = 1024 ** 2;
export const gibibyte = 1024 ** 3;

/** Part of a layer, from one byte of it to another; both are at a whole MiB. */
export interface Part {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Bytes that do not compress, the same for the same seed; no MiB of them is like another. Made faster than they are
 * sent, from anywhere.
 */
export function* layerBytes({ seed, from, to }: Part): Generator<Buffer> {
  const pattern = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(
    Buffer.alloc(mebibyte),
  );
  for (let at = from; at < to; at += mebibyte) {
    const bytes = Buffer.from(pattern);
    bytes.writeBigUInt64LE(BigInt(at));
    yield bytes;
  }
}

export async function digestOfAll(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of bytes) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}

/** Pulls a blob as clients do, by redirect, and gives the digest of what came. */
export async function digestPulled(url: string): Promise<string> {
  return digestOfAll((await fetch(url)).body ?? []);
}

/** PATCH: of unknown length, as docker and skopeo send it. PUT: with Content-Length. */
function open(method: 'PATCH' | 'PUT', url: string, { from, to }: Part) {
  const outgoing = request(url, {
    method,
    headers: {
      'content-type': 'application/octet-stream',
      ...(method === 'PUT' ? { 'content-length': to - from } : {}),
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  // An error of writing the body is seen when the answer is awaited.
  answered.catch(() => undefined);
  return { outgoing, answered };
}

type Open = ReturnType<typeof open>;

async function write({ outgoing, answered }: Open, part: Part): Promise<void> {
  for (const bytes of layerBytes(part))
    if (!outgoing.write(bytes)) await Promise.race([once(outgoing, 'drain'), answered]);
}

/** Rejects when the connection breaks. */
export async function sendPart(method: 'PATCH' | 'PUT', url: string, part: Part): Promise<IncomingMessage> {
  const sending = open(method, url, part);
  await write(sending, part);
  sending.outgoing.end();
  return (await sending.answered).resume();
}

/** Sends a part up to `cutAt` and breaks the connection, as a client does that dies. */
export async function breakOff(method: 'PATCH' | 'PUT', url: string, part: Part, cutAt: number): Promise<void> {
  const sending = open(method, url, part);
  await write(sending, { ...part, to: cutAt });
  sending.outgoing.destroy();
}

/** The most that a process grew by while `work` ran, in bytes of resident memory. */
export async function growthWhile<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; growth: number }> {
  const before = residentBytes(pid);
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, residentBytes(pid))), 50);
  try {
    return { result: await work(), growth: most - before };
  } finally {
    clearInterval(timer);
  }
}

/** Fails with one sentence before gigabytes are written to a disk that has no room for them. */
export async function requireDisk(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const gibibytes = (amount: number) => (amount / gibibyte).toFixed(1);
  if (bavail * bsize < bytes)
    throw new Error(
      `this test writes ${gibibytes(bytes)} GiB, and ${folder} has room for ${gibibytes(bavail * bsize)}: free ` +
        'some, or set TMPDIR to a folder on another disk',
    );
}
