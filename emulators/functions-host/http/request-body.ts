import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { HeldBodies } from '../../../bounds/held-bodies.ts';

/** Kestrel's default; the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT replaces it. */
const defaultLimit = 104_857_600;

/** Bytes. A setting that is not a whole number is ignored, as the real host ignores it. */
export function bodySizeLimit(env: Record<string, string | undefined>): number {
  const setting = env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'];
  return setting !== undefined && /^\d+$/.test(setting) ? Number(setting) : defaultLimit;
}

/**
 * Bounds all bodies that this host gathers before it calls the app. The real host has no such bound: it is a process of
 * its own, and ends.
 */
const held = new HeldBodies({
  limit: 64 * 1024 * 1024,
  idleMs: 30_000,
  totalMs: 300_000,
  tooSlow: (why) => new BodyGivenUp(why),
  noRoom: (why) => new BodyGivenUp(why),
});

/** A body that came too slowly, or while too many others came. */
class BodyGivenUp extends Error {
  override readonly name = 'BodyGivenUp';
}

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  constructor(limit: number) {
    super(`Request body too large. The max request body size is ${limit} bytes.`);
  }
}

/** The declared length, 0 without one. A chunked body has none. */
export function declaredLength(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? 0);
}

export function isChunked(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined;
}

/** The whole body in memory. Rejects with BodyTooLargeError past `limit`, and when the client goes away midway. */
export async function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const holding = held.begin();
  try {
    // Leaving the loop must not destroy the request, and with it the connection that the answer needs.
    const iterator = (req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (
      let next = await holding.patience.next(() => iterator.next());
      next.done !== true;
      next = await holding.patience.next(() => iterator.next())
    ) {
      length += next.value.length;
      if (length > limit) throw new BodyTooLargeError(limit);
      holding.add(next.value.length);
      chunks.push(next.value);
    }
  } finally {
    holding.release();
  }
  return Buffer.concat(chunks, length);
}

/** Passes bytes on and errors with BodyTooLargeError once more than `limit` came: for bodies that declare no length. */
export function limitBytes(limit: number): Transform {
  let length = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > limit) done(new BodyTooLargeError(limit));
      else done(null, chunk);
    },
  });
}
