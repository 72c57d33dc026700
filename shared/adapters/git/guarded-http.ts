import type { HttpClient } from 'isomorphic-git';
import { Agent } from 'undici';
import type { CheckedLookupOptions } from '../../core/outbound/checked-lookup.ts';
import { checkedLookup } from '../../core/outbound/checked-lookup.ts';
import { checkTarget } from '../../core/outbound/outbound-target.ts';
import { GitFault } from './fault.ts';

export interface GuardedHttpOptions extends CheckedLookupOptions {
  /** The bytes of all answers of one repository together. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

const connectMs = 10_000;

/**
 * Makes the HTTP client of git's library: it connects only to addresses that `reach` allows, checked at each
 * connection, and reads no more bytes than are allowed. A redirect is answered as it is: the URL must be the one that
 * serves the repository. `end` closes kept connections.
 */
export function guardedHttp({
  mostBytes,
  signal,
  reach,
  ...options
}: GuardedHttpOptions): HttpClient & { end(): Promise<void> } {
  const agent = new Agent({
    allowH2: false,
    connect: { lookup: checkedLookup({ reach, ...options }), timeout: connectMs },
  });
  let left = mostBytes;
  async function* counted(body: AsyncIterable<Buffer>): AsyncIterableIterator<Uint8Array> {
    for await (const chunk of body) {
      left -= chunk.length;
      if (left < 0) throw new GitFault(`it sends more than ${mostBytes} bytes: a context may have no more`);
      yield chunk;
    }
  }
  return {
    async request({ url, method = 'GET', headers = {}, body }) {
      const target = new URL(url);
      const fault = checkTarget(target, reach);
      if (fault !== undefined) throw new GitFault(`its URL ${fault}`);
      const sent = body === undefined ? null : Buffer.concat(await all(body));
      const answer = await agent.request({
        origin: target.origin,
        path: target.pathname + target.search,
        method,
        headers,
        body: sent,
        signal,
      });
      const named = Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      );
      return {
        url,
        method,
        headers: named,
        statusCode: answer.statusCode,
        statusMessage: answer.statusText,
        body: counted(answer.body),
      };
    },
    end: () => agent.destroy(),
  };
}

async function all(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks;
}
