/**
 * A dependency answered "not now" or did not answer. Adapters throw it; nobody turns it into "absent".
 * `retryAfterMs` is what the dependency asked for, where it did.
 */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly dependency: Dependency;
  readonly kind: 'unavailable' | 'throttled';
  readonly retryAfterMs: number | undefined;

  constructor(fault: {
    dependency: Dependency;
    kind: StoreFailure['kind'];
    message: string;
    retryAfterMs?: number;
    cause?: unknown;
  }) {
    super(`${fault.dependency}: ${fault.message}`, { cause: fault.cause });
    this.dependency = fault.dependency;
    this.kind = fault.kind;
    this.retryAfterMs = fault.retryAfterMs;
  }
}

/**
 * What the application depends on, in the words of its own diagram; `issuer` is whoever vouches for outside identities,
 * `git` a host of contexts.
 */
export type Dependency = 'documents' | 'blobs' | 'queues' | 'events' | 'secrets' | 'issuer' | 'git';
