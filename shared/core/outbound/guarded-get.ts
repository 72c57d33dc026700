import { parseJson } from '../oci/json.ts';
import type { Dependency } from '../ports/failures.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { Answer, AskBytes, AskUrl, BytesCall, GetJson } from '../ports/outbound.ts';
import { OutboundRefused } from '../ports/outbound.ts';
import { NoAddress } from './checked-lookup.ts';
import type { OutboundClient } from './outbound-client.ts';
import { firstError } from './outbound-client.ts';

/** An answer may have this many bytes: discovery documents and key sets have a few KiB. */
const maxBytes = 256 * 1024;
/** The lookup, the connection and the answer together may take this many milliseconds, or fewer if the caller says so. */
const usualTotalMs = 5_000;

export interface GuardedGetOptions {
  /** In milliseconds; tests use fewer. */
  readonly totalMs?: number;
}

/**
 * Reads from URLs that others choose. Public addresses are reached by https alone; those that the operator has opened
 * also by plain http.
 */
export function guardedGet(
  client: OutboundClient,
  { totalMs = usualTotalMs }: GuardedGetOptions = {},
): GetJson & AskUrl & AskBytes {
  const ask: AskUrl['ask'] = async (url, { dependency, method, headers, body }) => {
    const signal = AbortSignal.timeout(totalMs);
    try {
      const answer = await client.send({
        // A POST may be obeyed by what listens at an unusual port; a read is not.
        purpose: method === 'POST' ? 'post' : 'read',
        url,
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        plainHttp: 'where opened',
        mostBytes: maxBytes,
        signal,
      });
      const first = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat()[0]]);
      return {
        status: answer.status,
        headers: Object.fromEntries(first) as Answer['headers'],
        text: await textOf(answer.body),
      };
    } catch (error) {
      if (error instanceof OutboundRefused) throw error;
      // Nothing shows that such a name is a public one.
      if (error instanceof NoAddress) throw new OutboundRefused(error.message);
      const why = signal.aborted ? `no answer in ${totalMs} ms` : firstError(error).message;
      throw unusable(dependency, url, why, error);
    }
  };
  return {
    ask,
    askBytes: (url, how) => bytesOf(client, url, { ...how, timeoutMs: Math.min(how.timeoutMs, totalMs) }),
    async getJson(url, dependency) {
      const { status, text } = await ask(url, { dependency, method: 'GET', headers: { Accept: 'application/json' } });
      // A redirect counts as a failure: it would lead elsewhere unchecked.
      if (status !== 200) throw unusable(dependency, url, `it answered ${status}`);
      try {
        return parseJson(text);
      } catch (error) {
        throw unusable(dependency, url, error instanceof Error ? error.message : String(error), error);
      }
    },
  };
}

async function bytesOf(
  client: OutboundClient,
  url: URL,
  { method, headers, body, timeoutMs, mostBytes }: BytesCall,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await client.send({
      purpose: 'revocation',
      url,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      plainHttp: 'anywhere',
      mostBytes,
      signal,
    });
    const bytes = await wholeOf(answer.body);
    if (answer.status === 200) return bytes;
    throw new Error(`it answered ${answer.status}`);
  } catch (error) {
    if (error instanceof OutboundRefused) throw error;
    if (error instanceof NoAddress) throw new OutboundRefused(error.message);
    const why = signal.aborted ? `no answer in ${timeoutMs} ms` : firstError(error).message;
    throw unusable('responder', url, why, error);
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  return (await wholeOf(body)).toString('utf8');
}

async function wholeOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function unusable(dependency: Dependency, url: URL, why: string, cause?: unknown): StoreFailure {
  return new StoreFailure({ dependency, kind: 'unavailable', message: `${url.origin}: ${why}`, cause });
}
