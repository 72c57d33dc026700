import type { OutboundClient } from '../../../core/outbound/outbound-client.ts';
import { AnswerTooLarge, firstError, joinedHeaders } from '../../../core/outbound/outbound-client.ts';
import { OutboundRefused } from '../../../core/ports/outbound.ts';

interface ScannerRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a POST. */
  readonly body?: string;
  /** An answer with more bytes is not read to its end. */
  readonly mostBytes: number;
  /** The milliseconds for everything: the connection, the answer's head and its body. */
  readonly timeoutMs: number;
}

/** The answer of a scanner's adapter, or why there is none, as the end of a sentence. */
export type ScannerAnswer =
  | {
      readonly is: 'answered';
      readonly status: number;
      /** The headers by lower-case names. */
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly body: Uint8Array;
    }
  /** The URL or its address is not allowed: asking again changes nothing. */
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'too large'; readonly why: string }
  | { readonly is: 'no answer'; readonly why: string };

export interface AskScanner {
  /** Sends a request to a scanner's adapter. It follows no redirect, and unpacks nothing. Never throws. */
  askScanner(request: ScannerRequest): Promise<ScannerAnswer>;
}

/**
 * Asks adapters through the one way out. Plain http goes only to networks that the operator has opened, because a
 * request carries a credential of the registry.
 */
export function guardedAsk(client: OutboundClient): AskScanner {
  return {
    async askScanner({ url, method, headers, body, mostBytes, timeoutMs }) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await client.send({
          // The usual ports alone, for reads too: an adapter is a service like a receiver of webhooks.
          purpose: 'post',
          url,
          method,
          headers: { ...headers, 'accept-encoding': 'identity' },
          ...(body === undefined ? {} : { body }),
          plainHttp: 'where opened',
          mostBytes,
          signal,
        });
        const chunks: Buffer[] = [];
        for await (const chunk of answer.body) chunks.push(chunk);
        return {
          is: 'answered',
          status: answer.status,
          headers: joinedHeaders(answer.headers),
          body: Buffer.concat(chunks),
        };
      } catch (error) {
        if (error instanceof OutboundRefused) return { is: 'refused', why: error.message };
        if (error instanceof AnswerTooLarge) return { is: 'too large', why: error.message };
        const why = signal.aborted
          ? `it gave no whole answer in ${timeoutMs} ms`
          : firstError(error).message.slice(0, 300);
        return { is: 'no answer', why };
      }
    },
  };
}
