import { OutboundRefused } from '../ports/outbound.ts';
import type { NoAnswer, OutboundRequest, PostRequest, ReceiverAnswer } from '../ports/post.ts';
import type { OutboundClient } from './outbound-client.ts';
import { firstError, joinedHeaders } from './outbound-client.ts';

/** The whole request may take this many milliseconds. */
const usualTotalMs = 15_000;
/**
 * The log keeps this many bytes of an answer's body; `readBytes` are read before the connection is given up, because a
 * new connection would cost about as much.
 */
const keptBytes = 4 * 1024;
const readBytes = 64 * 1024;

export interface GuardedPostOptions {
  /** In milliseconds; tests use fewer. */
  readonly totalMs?: number;
}

type Outcome<T> = T extends unknown ? Omit<T, 'ms'> : never;

/** Posts to URLs that others chose, also by plain http: what is posted is signed. */
export function guardedPost(client: OutboundClient, { totalMs = usualTotalMs }: GuardedPostOptions = {}): PostRequest {
  return {
    async post(request) {
      const started = performance.now();
      const outcome = await send(client, request, totalMs);
      return { ...outcome, ms: performance.now() - started };
    },
  };
}

async function send(
  client: OutboundClient,
  { url, headers, body }: OutboundRequest,
  totalMs: number,
): Promise<Outcome<ReceiverAnswer | NoAnswer>> {
  const signal = AbortSignal.timeout(totalMs);
  try {
    const answer = await client.send({
      purpose: 'post',
      url,
      method: 'POST',
      headers,
      body,
      plainHttp: 'anywhere',
      mostBytes: readBytes,
      signal,
    });
    return {
      is: 'answered',
      status: answer.status,
      reason: answer.reason.slice(0, 200),
      headers: joinedHeaders(answer.headers),
      ...(await readStart(answer.body)),
    };
  } catch (error) {
    return signal.aborted ? { is: 'timeout', why: `no answer within ${totalMs} ms` } : withoutAnswer(error);
  }
}

/**
 * Reads the beginning of a body. The status has arrived already: a body that breaks off or never ends does not change
 * it.
 */
async function readStart(body: AsyncIterable<Buffer>): Promise<Pick<ReceiverAnswer, 'body' | 'truncated'>> {
  const kept: Buffer[] = [];
  let length = 0;
  let isWhole = false;
  try {
    for await (const chunk of body) {
      if (length < keptBytes) kept.push(chunk.subarray(0, keptBytes - length));
      length += chunk.length;
    }
    isWhole = length <= keptBytes;
  } catch {
    isWhole = false;
  }
  // The bytes are decoded as a stream, so that half a character at the end is left out.
  return { body: new TextDecoder().decode(Buffer.concat(kept), { stream: !isWhole }), truncated: !isWhole };
}

function withoutAnswer(error: unknown): Outcome<NoAnswer> {
  if (error instanceof OutboundRefused) return { is: 'refused', why: error.message };
  const { code, message } = firstError(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { is: 'timeout', why: 'no connection in time' };
  return { is: 'unreachable', why: message.slice(0, 300) };
}
