import { randomBytes } from 'node:crypto';

/** Reads a stream to its end. */
export async function bytesOf(stream: ReadableStream<Uint8Array> | undefined): Promise<Buffer> {
  if (stream === undefined) throw new Error('there is no stream');
  return Buffer.from(await new Response(stream).arrayBuffer());
}

/** Bytes that no other blob has. */
export function someBytes(length: number): Uint8Array {
  return randomBytes(length);
}
