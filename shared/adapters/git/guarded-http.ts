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

/** The HTTP client of git's library for one repository. */
export interface GuardedHttp extends HttpClient {
  /**
   * The failure of the first body that broke off or was too large. The library reads a list of references that breaks
   * off as one that ends there, so whatever it makes of that does not count.
   */
  readonly failure: Error | undefined;
  /** Gives up what is still being read. */
  end(): void;
}

/**
 * Makes the HTTP client of git's library, which reads no more bytes and for no longer than is allowed. A redirect is
 * answered as it is: the URL must be the one that serves the repository. `end` gives up what is still being read.
 */
export function guardedHttp({ client, mostBytes, totalMs }: GuardedHttpOptions): GuardedHttp {
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort(new Error(`it has not sent everything within ${totalMs} ms`));
  }, totalMs);
  let left = mostBytes;
  let failure: Error | undefined;
  async function* counted(body: AsyncIterable<Buffer>): AsyncIterableIterator<Uint8Array> {
    try {
      for await (const chunk of body) {
        left -= chunk.length;
        yield chunk;
      }
    } catch (error) {
      failure ??=
        error instanceof AnswerTooLarge
          ? new GitFault(`it sends more than ${mostBytes} bytes, and a context may have no more`)
          : asError(error);
      throw failure;
    }
  }
  return {
    async request({ url, method = 'GET', headers = {}, body }) {
      const sent = body === undefined ? undefined : Buffer.concat(await all(body));
      const answer = await client.send({
        purpose: 'git',
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
    get failure() {
      return failure;
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
