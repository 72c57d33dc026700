import type { Blobs } from './blobs.ts';
import type { SendMessage } from './queues.ts';

/** The deployment's regions, as the app of one of them reaches them. */
export interface Regions {
  /** The region that this app runs in. */
  readonly here: string;
  /** Every region of the deployment, this one first. */
  readonly names: readonly string[];
  /**
   * Returns a region's blobs, which the app of any region may read and write. Returns undefined for a name that is none
   * of the deployment's.
   */
  blobsIn(region: string): Blobs | undefined;
  /**
   * Returns the queues that a region's functions read. Returns undefined for a name that is none of the deployment's.
   */
  queuesIn(region: string): SendMessage | undefined;
  /**
   * Says whether a region's storage answers, as of a second ago: an account in use is probed beside the requests, not
   * by each of them. Never throws.
   */
  isUp(region: string): Promise<boolean>;
}
