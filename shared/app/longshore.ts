import type { Log } from '../core/ports/log.ts';
import type { DueRun } from '../features/purge/due.ts';
import type { App } from './app.ts';

/** What triggers call: one entry per trigger file, and the HTTP app. */
export interface Longshore {
  readonly app: App;
  readonly log: Log;
  /**
   * Counts one delivered event. An event that cannot be read is logged and dropped: delivered again it would be no
   * better.
   */
  recordUsage(event: unknown): Promise<void>;
  /** Adds a message of the queue `usage-pulls`, or of its poison queue, to the counters. */
  foldPulls(message: unknown): Promise<void>;
  /** Sends the pulls that this instance has counted. Before it ends, or they are lost. */
  flushPulls(): Promise<void>;
  /** Measures what is stored. */
  surveyUsage(): Promise<void>;
  /** The same, once, where something was pushed and nothing was measured yet. */
  surveyFirst(): Promise<void>;
  /** Publishes what a crash or an outage left in the outbox. */
  sweepOutbox(): Promise<void>;
  /** Brings one delivered event to the webhooks that are for it. One that cannot be read is logged and dropped. */
  dispatchWebhooks(event: unknown): Promise<void>;
  /** Does what a message of the queue `webhook-deliveries` asks for. */
  deliverWebhook(message: unknown): Promise<void>;
  /** Logs a message of its poison queue, and lets it go. */
  letWebhookGo(message: unknown): void;
  /** Sets going again what crashes and outages left of webhooks. */
  sweepWebhooks(): Promise<void>;
  /** Purges, collects and finishes what is due, until nothing is or the time for one run is over. */
  runDue(): Promise<DueRun>;
  /** Settles what is around manifests whose deletion, restore or push was interrupted. */
  settleDue(): Promise<void>;
  /** Plans what other regions lack of a delivered event's image. An event that cannot be read is logged and dropped. */
  planReplication(event: unknown): Promise<void>;
  /** Makes this region's copies that are due; a message of the queue `replication-copies` says that there are some. */
  copyBlobs(): Promise<void>;
  /** Goes on with all that replication has to do in this region. */
  sweepReplication(): Promise<void>;
  /**
   * Learns what a delivered event's image is built on, and tells of updated bases. An event that cannot be read is
   * logged and dropped.
   */
  learnBases(event: unknown): Promise<void>;
  /** Plans what follows from the update of a base. An event that cannot be read is logged and dropped. */
  planBuild(event: unknown): Promise<void>;
  /** Makes images of the build that a message of the queue `build-runs` names. */
  workOnBuild(message: unknown): Promise<void>;
  /** Sets going again what crashes and outages left of builds. */
  sweepBuilds(): Promise<void>;
  /**
   * Looks again at what a delivered event touches, for the policies. An event that cannot be read is logged and
   * dropped.
   */
  markTouched(event: unknown): Promise<void>;
  /** Runs the purge policies that are due, and goes on with what was interrupted. */
  runPolicies(): Promise<void>;
  /** Deletes what crashes left in Blob Storage and no document names. */
  sweepLeftovers(): Promise<void>;
  /** Removes or revives the catalog's entries of deleted repositories. */
  settleRepositories(): Promise<void>;
}
