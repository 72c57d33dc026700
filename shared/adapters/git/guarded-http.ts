import type { HttpClient } from 'isomorphic-git';
import { defined } from '../../core/documents/defined.ts';
import type { OutboundClient } from '../../core/outbound/outbound-client.ts';
import { AnswerTooLarge, joinedHeaders } from '../../core/outbound/outbound-client.ts';
import { GitFault } from './fault.ts';

export interface GuardedHttpOptions {
  readonly client: OutboundClient;
  /** The bytes of all answers of one repository together. */
  readonly mostBytes: number;
  readonly totalMs: number;
}

/**
 * Makes the HTTP client of git's library, which reads no more bytes and for no longer than is allowed. A redirect is
 * answered as it is: the URL must be the one that serves the repository. `end` gives up what is still being read.
 */
export function guardedHttp({ client, mostBytes, totalMs }: GuardedHttpOptions): HttpClient & { end(): void } {
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort(new Error(`it has not sent everything within ${totalMs} ms`));
  }, totalMs);
  let left = mostBytes;
  async function* counted(body: AsyncIterable<Buffer>): AsyncIterableIterator<Uint8Array> {
    try {
      for await (const chunk of body) {
        left -= chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof AnswerTooLarge)) throw error;
      throw new GitFault(`it sends more than ${mostBytes} bytes, and a context may have no more`);
    }
  }
  return {
    async request({ url, method = 'GET', headers = {}, body }) {
      const sent = body === undefined ? undefined : Buffer.concat(await all(body));
      const answer = await client.send({
        url: new URL(url),
        method: method === 'POST' ? 'POST' : 'GET',
        headers,
        ...defined({ body: sent }),
        plainHttp: 'anywhere',
        mostBytes: left,
        signal: ended.signal,
      });
      return {
        url,
        method,
        headers: joinedHeaders(answer.headers),
        statusCode: answer.status,
        statusMessage: answer.reason,
        body: counted(answer.body),
      };
    },
    end() {
      clearTimeout(timer);
      ended.abort();
    },
  };
}

async function all(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks;
}
