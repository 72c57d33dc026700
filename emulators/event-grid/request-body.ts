import type { IncomingMessage } from 'node:http';
import { badRequest, MAX_BYTES, tooLarge } from './publish-fault.ts';

// A client that is still sending when its connection is cut sees a reset, not the 413. So an oversized body is read to
// its end and thrown away, up to a size that no publisher sends by mistake.
const DISCARD_LIMIT_BYTES = 16 * MAX_BYTES;

/**
 * The whole body, at most {@link MAX_BYTES}. Throws a 413 fault for more, and 400 when the client left in the middle.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BYTES) chunks.push(chunk);
      else if (size > DISCARD_LIMIT_BYTES) break;
    }
  } catch (cause) {
    throw badRequest(`The body ended early: ${(cause as Error).message}.`);
  }
  if (size > MAX_BYTES) throw tooLarge('The request');
  return Buffer.concat(chunks);
}
