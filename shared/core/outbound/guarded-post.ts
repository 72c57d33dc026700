import type { Dispatcher } from 'undici';
import { Agent } from 'undici';
import { OutboundRefused } from '../ports/outbound.ts';
import type { NoAnswer, OutboundRequest, PostRequest, ReceiverAnswer } from '../ports/post.ts';
import type { CheckedLookupOptions } from './checked-lookup.ts';
import { checkedLookup } from './checked-lookup.ts';
import { checkHeaders, checkTarget } from './outbound-target.ts';

/** Name and connection, TLS included. In milliseconds, as the next. */
const connectMs = 5_000;
const totalMs = 15_000;
/** More wait for one of these: a host gets no more connections than it can be expected to take. */
const socketsPerOrigin = 32;
/** What the log keeps of an answer's body; as much more is read on as a new connection would cost about. In bytes. */
const keptBytes = 4 * 1024;
const readBytes = 64 * 1024;
const maxHeaderBytes = 16 * 1024;

export interface GuardedPostOptions extends CheckedLookupOptions {
  /** In milliseconds; tests are less patient. */
  readonly connectMs?: number;
  readonly totalMs?: number;
  /** Authorities to trust instead of Node's, in PEM. */
  readonly ca?: string;
}

export interface GuardedPost extends PostRequest {
  /** Ends kept connections, and what is under way. */
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
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), options.totalMs ?? totalMs);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers,
      body,
      signal: patience.signal,
    });
    const { statusCode: status, statusText, headers: received } = response;
    return {
      is: 'answered',
      status,
      reason: statusText.slice(0, 200),
      headers: oneLineEach(received),
      ...(await startOf(response.body)),
    };
  } catch (error) {
    return patience.signal.aborted
      ? { is: 'timeout', why: `no answer within ${options.totalMs ?? totalMs} ms` }
      : withoutAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

function oneLineEach(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

/** The status has been said: a body that breaks off or never ends changes nothing about it. */
async function startOf(body: AsyncIterable<Buffer>): Promise<Pick<ReceiverAnswer, 'body' | 'truncated'>> {
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
  // As of a stream: the half of a character at the end is left out.
  return { body: new TextDecoder().decode(Buffer.concat(kept), { stream: !isWhole }), truncated: !isWhole };
}

function withoutAnswer(error: unknown): Outcome<NoAnswer> {
  if (error instanceof OutboundRefused) return { is: 'refused', why: error.message };
  const { code, message } = told(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { is: 'timeout', why: 'no connection in time' };
  return { is: 'unreachable', why: message.slice(0, 300) };
}

/** When several addresses of a name were tried, the first says it: the error of all has no message. */
function told(error: unknown): { code: string | undefined; message: string } {
  const one: unknown = error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
  return one instanceof Error
    ? { code: (one as NodeJS.ErrnoException).code, message: one.message }
    : { code: undefined, message: String(one) };
}
