/** Words of a fixed set, and numbers: nothing that a client chose, nothing secret. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

export interface SpanStart {
  /** One of a small fixed set. */
  readonly name: string;
  /**
   * `server` answers a request and `consumer` handles an event; `client` asks a store, `producer` publishes; `internal`
   * is neither.
   */
  readonly kind: 'server' | 'consumer' | 'client' | 'producer' | 'internal';
  readonly attributes?: SpanAttributes;
  /**
   * A `traceparent` (https://www.w3.org/TR/trace-context/) from elsewhere. Absent or malformed: the span under way
   * here, else none.
   */
  readonly parent?: string | undefined;
}

/** What a span is told at its end. */
export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  readonly failed?: boolean;
}

export interface Tracer {
  /**
   * Does `work` in a span, and spans that start in it are its children. Gives what `work` gives and throws what it
   * throws: then the span has failed, and is told the error's name, never its message. Throws nothing of its own, and
   * waits for no telemetry.
   */
  inSpan<T>(start: SpanStart, work: () => Promise<T>, end?: (result: T) => SpanEnd): Promise<T>;
  /** The `traceparent` of the span under way; `undefined` outside of one. */
  traceparent(): string | undefined;
}
