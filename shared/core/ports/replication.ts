import type { Digest } from '../oci/digest.ts';

export interface HastenCopy {
  /**
   * Moves the copy of a blob, if one is planned, to the front of the queue, because somebody pulls it while this region
   * does not hold its bytes. Waits for nothing and never fails: the pull is answered from another region meanwhile.
   */
  hastenCopy(digest: Digest): void;
}

/** Receives the results of replication, for metrics. Its methods never throw and never wait. */
export interface TellReplication {
  /** Observes that an image is whole in a region, `lagMs` after its push or after its copy was requested. */
  tellReplicated(region: string, lagMs: number): void;
  tellCopied(outcome: 'copied' | 'failed' | 'gone', bytes: number): void;
}
