import type { Dependency } from './failures.ts';

/** The dependencies that are asked at URLs which users name: each caller says which one it asks. */
type OutboundDependency = Extract<Dependency, 'issuer' | 'upstream' | 'runner'>;

export interface GetJson {
  /**
   * Reads the JSON behind a URL that somebody else chose: bounded in size and time, without redirects, and never from
   * an address of a private network. Throws `OutboundRefused` for a URL that is not allowed, `StoreFailure` of the
   * dependency if nothing usable comes back.
   */
  getJson(url: URL, dependency: OutboundDependency): Promise<unknown>;
}

export interface Answer {
  readonly status: number;
  /** The headers by lower-case names; of a header that came twice, the first value. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

export interface AskUrl {
  /**
   * Sends a request as `getJson` does, and returns whatever is answered, a redirect or a refusal too. Throws
   * `OutboundRefused`; `StoreFailure` of the dependency if nothing is answered.
   */
  ask(
    url: URL,
    how: {
      readonly dependency: OutboundDependency;
      readonly method: 'GET' | 'HEAD' | 'POST';
      readonly headers: Readonly<Record<string, string>>;
      /** The body of a POST. */
      readonly body?: string;
    },
  ): Promise<Answer>;
}

export interface BytesCall {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a POST. */
  readonly body?: Uint8Array;
  /** Everything together may take this many milliseconds, at most as many as `ask` has. */
  readonly timeoutMs: number;
  readonly mostBytes: number;
}

export interface AskBytes {
  /**
   * Asks a responder of a certificate authority, whose address a certificate names, and returns the bytes of an answer
   * of status 200. Public addresses are asked by plain http as well, because what they answer is signed. Throws
   * `OutboundRefused`; `StoreFailure` of `responder` for anything else, a redirect too.
   */
  askBytes(url: URL, how: BytesCall): Promise<Uint8Array>;
}

/** Thrown for a URL that leads where the app must not go. The message says why, without what was found there. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}
