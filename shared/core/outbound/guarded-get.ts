import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { parseJson } from '../oci/json.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { Answer, AskUrl, GetJson } from '../ports/outbound.ts';
import { OutboundRefused } from '../ports/outbound.ts';
import type { Reach } from './public-address.ts';
import type { ResolveName } from './resolve-name.ts';
import { nameResolver } from './resolve-name.ts';

/** An answer may have this many bytes: discovery documents and key sets have a few KiB. */
const maxBytes = 256 * 1024;
/** The lookup, the connection and the answer together may take this many milliseconds. */
const timeoutMs = 5_000;

export interface GuardedGetOptions {
  /** Public addresses are reached by https alone; opened ones also by plain http. */
  readonly reach: Reach;
  /** Defaults to the machine's name servers; a test passes its own. */
  readonly resolve?: ResolveName;
}

/**
 * Reads JSON from URLs that others choose, and cannot be led to a private network by them: every address of the name is
 * checked, and the connection goes to a checked one, so that a name that changes its address in between gains nothing.
 */
export function guardedGet({ reach, resolve = nameResolver() }: GuardedGetOptions): GetJson & AskUrl {
  const guarded = async <T>(
    url: URL,
    work: (addresses: readonly LookupAddress[], signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const addresses = await beforeAbort(checkedAddresses(url, reach, resolve), signal);
      return await beforeAbort(work(addresses, signal), signal);
    } catch (error) {
      if (error instanceof OutboundRefused || error instanceof StoreFailure) throw error;
      throw unusable(url, error instanceof Error ? error.message : String(error), error);
    }
  };
  return {
    getJson: (url) => guarded(url, (addresses, signal) => readJson(url, addresses, signal)),
    ask: (url, how) => guarded(url, (addresses, signal) => send(url, { ...how, addresses, signal })),
  };
}

async function checkedAddresses(url: URL, reach: Reach, resolve: ResolveName): Promise<readonly LookupAddress[]> {
  if (url.username !== '' || url.password !== '')
    throw new OutboundRefused('the URL must not have a user or a password');
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(name);
  const addresses = family === 0 ? await resolve(name) : [{ address: name, family }];
  const isOpened = addresses.length > 0 && addresses.every(({ address }) => reach.isOpened(address));
  if (isOpened && url.protocol === 'http:') return addresses;
  if (url.protocol !== 'https:') throw new OutboundRefused('the URL must begin with https');
  if (addresses.length === 0 || !addresses.every(({ address }) => reach.allows(address)))
    throw new OutboundRefused(`${url.hostname} has an address that is not public`);
  return addresses;
}

async function readJson(url: URL, addresses: readonly LookupAddress[], signal: AbortSignal): Promise<unknown> {
  const { status, text } = await send(url, {
    method: 'GET',
    headers: { Accept: 'application/json' },
    addresses,
    signal,
  });
  // A redirect counts as a failure: it would lead elsewhere unchecked.
  if (status !== 200) throw unusable(url, `it answered ${status}`);
  return parseJson(text);
}

interface BoundRequest {
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly addresses: readonly LookupAddress[];
  readonly signal: AbortSignal;
}

async function send(url: URL, { method, headers, addresses, signal }: BoundRequest): Promise<Answer> {
  const start = url.protocol === 'http:' ? requestHttp : requestHttps;
  // There is no agent: a kept connection would be reused for the name without a check of its address.
  const request = start(url, { agent: false, method, signal, lookup: lookupAmong(addresses), headers });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  try {
    const first = Object.entries(response.headersDistinct).map(([name, values]) => [name, values?.[0]]);
    return {
      status: response.statusCode ?? 0,
      headers: Object.fromEntries(first) as Answer['headers'],
      text: await readBounded(url, response),
    };
  } finally {
    request.destroy();
  }
}

async function readBounded(url: URL, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw unusable(url, `its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers the socket's lookup of the name with the addresses that were checked. */
function lookupAmong(addresses: readonly LookupAddress[]): LookupFunction {
  return (_, options, callback) => {
    const [first] = addresses;
    if (options.all === true || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

/** Rejects when the signal aborts first. Node cannot abort a lookup: an answer that comes later is dropped. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error(`no answer in ${timeoutMs} ms`)), { once: true }),
  );
  return Promise.race([work, late]);
}

function unusable(url: URL, why: string, cause?: unknown): StoreFailure {
  return new StoreFailure({ dependency: 'issuer', kind: 'unavailable', message: `${url.origin}: ${why}`, cause });
}
