import type { Digest } from '../oci/digest.ts';

export interface HastenCopy {
  /**
   * Somebody pulls a blob whose bytes this region does not hold: its copy, if one is planned, goes to the front of the queue. Waits for
   * nothing and never fails: a pull is answered from another region meanwhile.
   */
  hastenCopy(digest: Digest): void;
}
