import { RegistryError } from '../oci/faults.ts';
import { heldBodies } from './held-bodies.ts';
import { limitBody } from './limit-body.ts';

const bodies = new WeakMap<Request, AsyncIterable<Uint8Array>>();

/**
 * Remembers a body that a host has as a Node stream, so that it is read as it is: the `ReadableStream` that Node makes
 * of one copies every chunk.
 */
export function rememberBody(request: Request, body: AsyncIterable<Uint8Array>): void {
  bodies.set(request, body);
}

/** Remembers a body that was read, for its next reader. */
export function rememberBytes(request: Request, bytes: Uint8Array): void {
  rememberBody(request, { [Symbol.asyncIterator]: () => whole(bytes) });
}

/** Says whether there is a body, as far as the headers tell, without touching it. */
export function hasBody(request: Request): boolean {
  const length = request.headers.get('content-length');
  if (length !== null) return length !== '0';
  // Reading the property `body` of a request whose host has a stream of its own would make another stream of it.
  return request.headers.has('transfer-encoding') || (!bodies.has(request) && request.body !== null);
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield Promise.resolve(bytes);
}

/** Returns the body as it arrives; an empty one if there is none. */
export function bodyOf(request: Request): AsyncIterable<Uint8Array> {
  const body = bodies.get(request) ?? request.body ?? nothing();
  const takeTurn = paced.get(request);
  return takeTurn === undefined
    ? body
    : { [Symbol.asyncIterator]: () => inParts(body[Symbol.asyncIterator](), takeTurn) };
}

const paced = new WeakMap<Request, () => Promise<void> | undefined>();

/** Makes reads of the body wait for `takeTurn`, a part at a time. */
export function paceBody(request: Request, takeTurn: () => Promise<void> | undefined): void {
  paced.set(request, takeTurn);
}

/** So many bytes of a body are read before others may go first again. */
const partBytes = 512 * 1024;

function inParts(
  chunks: AsyncIterator<Uint8Array>,
  takeTurn: () => Promise<void> | undefined,
): AsyncIterator<Uint8Array> {
  let read = 0;
  const next = async () => {
    const came = await chunks.next();
    if (came.done !== true) read += came.value.length;
    return came;
  };
  return {
    next() {
      if (read < partBytes) return next();
      read = 0;
      const turn = takeTurn();
      return turn === undefined ? next() : turn.then(next);
    },
    async return() {
      await chunks.return?.();
      return { done: true, value: undefined };
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * Reads a small body whole. Throws `RegistryError`: `too-large` as soon as it is past `limit` bytes, or promises to be,
 * `length-mismatch`, `manifest-invalid` when it breaks off, `too-slow`, and `too-many-requests` when all bodies on
 * their way hold too much; and what `check` throws, which gets each part as it comes.
 */
export async function readSmallBody(
  request: Request,
  what: string,
  limit: number,
  check?: (chunk: Uint8Array) => void,
): Promise<Uint8Array> {
  const tooLarge = new RegistryError({ is: 'too-large', what, limit });
  const promised = contentLength(request);
  if ((promised ?? 0) > limit) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const holding = heldBodies(limit).begin();
  try {
    for await (const chunk of limitBody(bodyOf(request), promised, 'manifest-invalid', holding.patience)) {
      length += chunk.length;
      if (length > limit) throw tooLarge;
      check?.(chunk);
      holding.add(chunk.length);
      chunks.push(chunk);
    }
  } finally {
    holding.release();
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
}

/**
 * Reads the `Content-Length`; `undefined` when the body is chunked. Throws `RegistryError` (`length-mismatch`) when the
 * header is no number.
 */
export function contentLength(request: Request): number | undefined {
  const header = request.headers.get('content-length');
  if (header === null) return undefined;
  if (!/^\d{1,15}$/.test(header))
    throw new RegistryError({
      is: 'length-mismatch',
      why: `Content-Length "${header.slice(0, 50)}" is not a number of bytes`,
    });
  return Number(header);
}

/**
 * Reads the distribution-spec's `Content-Range`, `start-end` (both inclusive), with or without `bytes `. Throws
 * `RegistryError` (`range-invalid`).
 */
export function contentRange(request: Request): { start: number; end: number } | undefined {
  const header = request.headers.get('content-range');
  if (header === null) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header.trim());
  const [start, end] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || end < start)
    throw new RegistryError({ is: 'range-invalid', why: `Content-Range "${header.slice(0, 100)}" is not start-end` });
  return { start, end };
}
