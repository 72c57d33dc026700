/** The attributes of a span: words of a fixed set, and numbers. None was chosen by a client, and none is secret. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

export interface SpanStart {
  /** The span's name, of a small fixed set. */
  readonly name: string;
  /**
   * `server` answers a request and `consumer` handles an event; `client` asks a store, `producer` publishes; `internal`
   * is neither.
   */
  readonly kind: 'server' | 'consumer' | 'client' | 'producer' | 'internal';
  readonly attributes?: SpanAttributes;
  /**
   * A `traceparent` (https://www.w3.org/TR/trace-context/) from elsewhere. If it is absent or malformed, the parent is
   * the span under way here, else there is none.
   */
  readonly parent?: string | undefined;
}

/** The result that a span gets at its end. */
export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  readonly failed?: boolean;
}

export interface Tracer {
  /**
   * Runs `work` in a span; spans that start in it are its children. Returns what `work` returns and throws what it
   * throws: then the span has failed, and gets the error's name, never its message. Throws nothing of its own, and
   * waits for no telemetry.
   */
  inSpan<T>(start: SpanStart, work: () => Promise<T>, end?: (result: T) => SpanEnd): Promise<T>;
  /** Returns the `traceparent` of the span under way; `undefined` outside of one. */
  traceparent(): string | undefined;
}
