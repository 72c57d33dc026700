/**
 * Thrown when a dependency answered "not now" or did not answer. Adapters throw it; nobody turns it into "absent".
 * `retryAfterMs` is the wait that the dependency asked for, if it did.
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
 * The dependencies of the application, in the words of its own diagram; `issuer` vouches for outside identities, `git`
 * is a host of contexts, `upstream` another registry or its token service, `receiver` a webhook's, `runner` makes or
 * tests images elsewhere, `responder` says which certificates are revoked.
 */
export type Dependency =
  | 'documents'
  | 'blobs'
  | 'queues'
  | 'events'
  | 'secrets'
  | 'issuer'
  | 'git'
  | 'upstream'
  | 'receiver'
  | 'runner'
  | 'responder';
