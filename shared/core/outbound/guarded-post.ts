import type { Dispatcher } from 'undici';
import { Agent } from 'undici';
import { OutboundRefused } from '../ports/outbound.ts';
import type { NoAnswer, OutboundRequest, PostRequest, ReceiverAnswer } from '../ports/post.ts';
import type { CheckedLookupOptions } from './checked-lookup.ts';
import { checkedLookup } from './checked-lookup.ts';
import { checkHeaders, checkTarget } from './outbound-target.ts';

/** The lookup and the connection, TLS included, may take `connectMs`; the whole request may take `totalMs`. */
const connectMs = 5_000;
const totalMs = 15_000;
/** Further requests wait for one of these: a host gets no more connections than it can be expected to accept. */
const socketsPerOrigin = 32;
/**
 * The log keeps this many bytes of an answer's body; `readBytes` are read before the connection is given up, because a
 * new connection would cost about as much.
 */
const keptBytes = 4 * 1024;
const readBytes = 64 * 1024;
const maxHeaderBytes = 16 * 1024;

export interface GuardedPostOptions extends CheckedLookupOptions {
  /** Both are in milliseconds; tests use shorter ones. */
  readonly connectMs?: number;
  readonly totalMs?: number;
  /** These authorities are trusted instead of Node's, in PEM. */
  readonly ca?: string;
}

export interface GuardedPost extends PostRequest {
  /** Ends kept connections and requests under way. */
  close(): Promise<void>;
}

type Outcome<T> = T extends unknown ? Omit<T, 'ms'> : never;

/**
 * Posts to URLs that others chose over kept connections, and cannot be led by them to an address that `reach` does not
 * allow.
 */
export function guardedPost(options: GuardedPostOptions): GuardedPost {
  const agent = new Agent({
    connections: socketsPerOrigin,
    maxHeaderSize: maxHeaderBytes,
    allowH2: false,
    connect: {
      lookup: checkedLookup(options),
      timeout: options.connectMs ?? connectMs,
      rejectUnauthorized: true,
      ca: options.ca,
    },
  });
  return {
    async post(request) {
      const started = performance.now();
      const outcome = await send(agent, request, options);
      return { ...outcome, ms: performance.now() - started };
    },
    close: () => agent.destroy(),
  };
}

async function send(
  agent: Dispatcher,
  { url, headers, body }: OutboundRequest,
  options: GuardedPostOptions,
): Promise<Outcome<ReceiverAnswer | NoAnswer>> {
  // A literal address is never looked up, so this is its only check.
  const fault = checkTarget(url, options.reach);
  const why = fault === undefined ? checkHeaders(headers) : `the URL ${fault}`;
  if (why !== undefined) return { is: 'refused', why };
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.totalMs ?? totalMs);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers,
      body,
      signal: deadline.signal,
    });
    const { statusCode: status, statusText, headers: received } = response;
    return {
      is: 'answered',
      status,
      reason: statusText.slice(0, 200),
      headers: joinedHeaders(received),
      ...(await readStart(response.body)),
    };
  } catch (error) {
    return deadline.signal.aborted
      ? { is: 'timeout', why: `no answer within ${options.totalMs ?? totalMs} ms` }
      : withoutAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

function joinedHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
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
      // Leaving the loop ends the connection.
      if (length > readBytes) break;
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

/**
 * Names the failure of a connection. If several addresses of a name were tried, the first error does: the error of all
 * of them has no message.
 */
function firstError(error: unknown): { code: string | undefined; message: string } {
  const one: unknown = error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
  return one instanceof Error
    ? { code: (one as NodeJS.ErrnoException).code, message: one.message }
    : { code: undefined, message: String(one) };
}
