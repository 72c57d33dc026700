import type { Blobs } from './blobs.ts';
import type { SendMessage } from './queues.ts';

/** The deployment's regions, as the app of one of them reaches them. */
export interface Regions {
  /** The region that this app runs in. */
  readonly here: string;
  /** Every region of the deployment, this one first. */
  readonly names: readonly string[];
  /**
   * A region's bytes, which the app of any region may read and write. Absent for a name that is none of the
   * deployment's.
   */
  blobsIn(region: string): Blobs | undefined;
  /** The queues that a region's functions read. Absent likewise. */
  queuesIn(region: string): SendMessage | undefined;
  /**
   * Whether a region's storage answers, as of a second ago: one that is in use is asked beside the requests, not by
   * each. Never throws.
   */
  isUp(region: string): Promise<boolean>;
}
