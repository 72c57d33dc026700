import type { Dependency } from './failures.ts';

/** One request of a delivery. Header names are lower-case. */
export interface OutboundRequest {
  /** Names the addressee: a webhook's receiver, or what makes or tests images elsewhere. */
  readonly dependency: Extract<Dependency, 'receiver' | 'runner'>;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer of a receiver: the first 4 KiB of the body as text, with `truncated` if there was more. */
export interface ReceiverAnswer {
  readonly is: 'answered';
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly truncated: boolean;
  readonly ms: number;
}

/**
 * The reason why there is no answer. `refused` says that the URL, or an address of its name, is one that the app must
 * not connect to, and that it has not. `why` is a sentence for the log; it says nothing of what was found at a refused
 * address.
 */
export interface NoAnswer {
  readonly is: 'refused' | 'unreachable' | 'timeout';
  readonly why: string;
  readonly ms: number;
}

export interface PostRequest {
  /**
   * Posts once, follows no redirect, and never throws for what the receiver does. It allows 5 s to connect and 15 s in
   * all. The name is resolved once a connection, every address of it is checked, and the connection goes to a checked
   * one.
   */
  post(request: OutboundRequest): Promise<ReceiverAnswer | NoAnswer>;
}
