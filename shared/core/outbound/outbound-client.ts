import { isIP } from 'node:net';
import type { Dispatcher } from 'undici';
import { Agent } from 'undici';
import { OutboundRefused } from '../ports/outbound.ts';
import type { AddressRule } from './checked-lookup.ts';
import { checkedLookup } from './checked-lookup.ts';
import { checkHeaders, checkTarget } from './outbound-target.ts';
import type { Reach } from './public-address.ts';
import type { ResolveName } from './resolve-name.ts';
import { nameResolver } from './resolve-name.ts';

/** The kinds of requests. Each has connections of its own, so that slow receivers keep nobody from signing in. */
type Purpose = 'post' | 'read' | 'git' | 'revocation';

/**
 * The milliseconds for the lookup and the connection, TLS included, and for the head of an answer and each silence in
 * its body, where the caller's signal allows more. A git server may be silent while it packs.
 */
const patience: Readonly<Record<Purpose, { readonly connectMs: number; readonly silenceMs: number }>> = {
  post: { connectMs: 5_000, silenceMs: 30_000 },
  read: { connectMs: 5_000, silenceMs: 30_000 },
  git: { connectMs: 10_000, silenceMs: 300_000 },
  revocation: { connectMs: 2_000, silenceMs: 5_000 },
};
/** An idle connection is closed after so many milliseconds, however long the other side would keep it. */
const longestIdleMs = 30_000;
/** Further requests wait for one of these: a host gets no more connections than it can be expected to accept. */
const socketsPerOrigin = 32;
const maxHeaderBytes = 16 * 1024;

export interface OutboundClientOptions {
  /** The addresses that may be connected to: the one policy for whatever others name. */
  readonly reach: Reach;
  /** Defaults to the machine's name servers; a test passes its own. */
  readonly resolve?: ResolveName;
  /** In milliseconds; tests use fewer. */
  readonly connectMs?: number;
  /** These authorities are trusted instead of Node's, in PEM. */
  readonly ca?: string;
}

interface OutboundCall {
  readonly purpose: Purpose;
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Says whether plain http reaches public addresses too, or only what the operator has opened. */
  readonly plainHttp: 'anywhere' | 'where opened';
  /** A body with more bytes ends with an error for its reader. */
  readonly mostBytes: number;
  /** Ends everything: the wait for a place, the lookup, the connection, the head and the body. */
  readonly signal: AbortSignal;
}

interface OutboundAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** It holds its connection until it is read, left, or ended by the signal. */
  readonly body: AsyncIterable<Buffer>;
}

/** Thrown to the reader of a body that is larger than its caller allows. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';

  constructor(mostBytes: number) {
    super(`its answer is larger than ${mostBytes} bytes`);
  }
}

/** The one way out for requests to hosts that others name. */
export interface OutboundClient {
  /**
   * Sends one request over a kept connection, or a new one to an address that was checked. It follows no redirect: the
   * caller sees it as the answer. Throws `OutboundRefused` for a URL or an address that the policy does not allow, the
   * signal's reason, or an error of the connection.
   */
  send(call: OutboundCall): Promise<OutboundAnswer>;
  /** Ends kept connections and requests under way. */
  close(): Promise<void>;
}

/**
 * Makes the way out. Connections that were made for plain http to any address are kept apart from those that go only
 * where the operator has opened the network, because a kept connection is not checked again.
 */
export function outboundClient({ reach, resolve = nameResolver(), ...options }: OutboundClientOptions): OutboundClient {
  const agentsFor = (purpose: Purpose) => ({
    anywhere: agentOf(purpose, options, {
      resolve,
      allows: reach.allows,
      refusal: (host) => `${host} has an address that is neither public nor opened with LONGSHORE_OUTBOUND`,
    }),
    'where opened': agentOf(purpose, options, {
      resolve,
      allows: reach.isOpened,
      refusal: (host) => `${host} is not called by http: LONGSHORE_OUTBOUND does not open all of its addresses`,
    }),
  });
  const agents = {
    post: agentsFor('post'),
    read: agentsFor('read'),
    git: agentsFor('git'),
    revocation: agentsFor('revocation'),
  };
  return {
    async send(call) {
      check(call, reach);
      const agent = agents[call.purpose][call.url.protocol === 'http:' ? call.plainHttp : 'anywhere'];
      const { statusCode, statusText, headers, body } = await requestBy(agent, call);
      return { status: statusCode, reason: statusText, headers, body: bounded(body, call.mostBytes) };
    },
    close: async () => {
      const all = Object.values(agents).flatMap((each) => Object.values(each));
      await Promise.all(all.map((agent) => agent.destroy()));
    },
  };
}

function agentOf(purpose: Purpose, options: Pick<OutboundClientOptions, 'connectMs' | 'ca'>, rule: AddressRule): Agent {
  const { connectMs, silenceMs } = patience[purpose];
  return new Agent({
    connections: socketsPerOrigin,
    maxHeaderSize: maxHeaderBytes,
    keepAliveMaxTimeout: longestIdleMs,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    allowH2: false,
    connect: {
      lookup: checkedLookup(rule),
      timeout: options.connectMs ?? connectMs,
      rejectUnauthorized: true,
      ca: options.ca,
    },
  });
}

/** Refuses what is wrong before anything is looked up. A literal address is never looked up: this is its only check. */
function check({ purpose, url, headers, plainHttp }: OutboundCall, reach: Reach): void {
  // A registry or an issuer may have any port: what is read there is no request that another service would obey.
  const fault = checkTarget(url, reach, purpose === 'read' ? 'any port' : 'usual ports');
  if (fault !== undefined) throw new OutboundRefused(`the URL ${fault}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isClosed = plainHttp === 'where opened' && isIP(host) !== 0 && !reach.isOpened(host);
  if (url.protocol === 'http:' && isClosed)
    throw new OutboundRefused('the URL must begin with https: LONGSHORE_OUTBOUND does not open its address');
  const wrong = checkHeaders(headers);
  if (wrong !== undefined) throw new OutboundRefused(wrong);
}

/** Makes the request. undici looks at the signal only once the request has a connection, so the wait for one ends here. */
async function requestBy(
  agent: Dispatcher,
  { url, method, headers, body, signal }: OutboundCall,
): Promise<Dispatcher.ResponseData> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason as Error);
  signal.addEventListener('abort', end, { once: true });
  const answer = agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers,
    body: body ?? null,
    signal,
  });
  // The one that loses the race is not waited for.
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Ends a body that is too large; what is allowed of it has come before. Leaving the loop ends the connection. */
async function* bounded(body: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<Buffer> {
  let left = mostBytes;
  for await (const chunk of body) {
    if (chunk.length > left) {
      if (left > 0) yield chunk.subarray(0, left);
      throw new AnswerTooLarge(mostBytes);
    }
    left -= chunk.length;
    yield chunk;
  }
}

/** Joins the values of a header that came more than once. */
export function joinedHeaders(headers: OutboundAnswer['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

/**
 * Names the failure of a connection. If several addresses of a name were tried, the first error does: the error of all
 * of them has no message.
 */
export function firstError(error: unknown): { readonly code: string | undefined; readonly message: string } {
  const one: unknown = error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
  return one instanceof Error
    ? { code: (one as NodeJS.ErrnoException).code, message: one.message }
    : { code: undefined, message: String(one) };
}
