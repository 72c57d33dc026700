import type { Digest } from '../oci/digest.ts';

export interface HastenCopy {
  /**
   * Somebody pulls a blob whose bytes this region does not hold: its copy, if one is planned, goes to the front of the
   * queue. Waits for nothing and never fails: a pull is answered from another region meanwhile.
   */
  hastenCopy(digest: Digest): void;
}

/** What is told of replication, for metrics. Never throws, never waits. */
export interface TellReplication {
  /** An image is whole in a region, so long after its push or after it was asked for. */
  tellReplicated(region: string, lagMs: number): void;
  tellCopied(outcome: 'copied' | 'failed' | 'gone', bytes: number): void;
}
