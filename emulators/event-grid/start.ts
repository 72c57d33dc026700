import type { Server } from 'node:http';
import type { AccessKeys } from './credentials.ts';
import { accessKeysSchema, authorize } from './credentials.ts';
import type { DeadLetterSink } from './dead-letter.ts';
import { parsePublishRequest } from './publish-request.ts';
import { readBody } from './request-body.ts';
import { StateFile } from './state-file.ts';
import type { SubscriptionInput } from './subscription.ts';
import { Topic } from './topic.ts';
import type { Publish } from './topic-server.ts';
import { close, endpointOf, listen } from './topic-server.ts';

// Event Grid "waits 30 seconds for a response". It is the receiver's working time rather than a wait of the schedule,
// so timeScale leaves it alone: a function does not run faster because the retries do.
const RESPONSE_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 5_000;
const SHRINK_INTERVAL_MS = 1_000;

export interface EventGridOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** The SQLite file that remembers pending deliveries. */
  readonly statePath: string;
  /** Two base64 access keys. */
  readonly keys: AccessKeys;
  readonly subscriptions: readonly SubscriptionInput[];
  /**
   * Returns the address of the functions, e.g. `http://127.0.0.1:7071`. While it is undefined, events for functions are
   * held (their dead letters too) and no attempt is spent; once it is known, a refused connection is an ordinary
   * failure (10 s, 30 s, …).
   */
  readonly functionsBaseUrl?: () => string | undefined;
  /** The key that the Functions host requires of deliveries (`?code=`). */
  readonly functionsKey?: string;
  /** The factor by which time passes faster than in Azure, for retries, time to live and dead letters. @default 1 */
  readonly timeScale?: number;
  /** @default 30000 */
  readonly responseTimeoutMs?: number;
  /** Without it, events that were given up are dropped, as in Azure. */
  readonly deadLetter?: DeadLetterSink;
  readonly log?: (line: string) => void;
  readonly now?: () => number;
}

export interface EventGrid {
  /** The full URL for publishers, `http://host:port/api/events`. */
  readonly endpoint: string;
  /** Adds a subscription; false when its receiver was asked for consent and did not give it. */
  addSubscription(subscription: SubscriptionInput): Promise<boolean>;
  /** Deliveries that have not ended yet, over all subscriptions. */
  pending(): number;
  /** Stops taking events, lets deliveries under way end (at most 5 s) and closes the state file. */
  stop(): Promise<void>;
}

/**
 * Starts a local Event Grid custom topic (CloudEvents 1.0 in and out) and resumes the deliveries that a previous run
 * left. Rejects with one sentence when the port or the state file is taken, and for faulty keys or subscriptions.
 */
export async function startEventGrid(options: EventGridOptions): Promise<EventGrid> {
  const { host = '127.0.0.1', port = 0, timeScale = 1, log = () => undefined, now = Date.now } = options;
  if (!(timeScale > 0 && Number.isFinite(timeScale)))
    throw new RangeError(`timeScale must be a positive number, not ${timeScale}.`);
  const keys = accessKeysSchema.parse(options.keys);
  const state = new StateFile(options.statePath);
  const topic = new Topic({
    state,
    log,
    now,
    functionsBaseUrl: options.functionsBaseUrl ?? (() => undefined),
    functionsKey: options.functionsKey,
    deadLetter: options.deadLetter,
    timeScale,
    responseTimeoutMs: options.responseTimeoutMs ?? RESPONSE_TIMEOUT_MS,
  });
  const publish: Publish = async (request, url) => {
    // Read before anything is refused: unread bytes in a closing connection turn the answer into a reset.
    const body = await readBody(request);
    authorize(request.headers, url, keys, now());
    topic.accept(parsePublishRequest(request.headers, body));
  };
  try {
    for (const subscription of options.subscriptions) await topic.subscribe(subscription);
    state.forgetExpired(topic.names(), now());
    return running(await listen(publish, { host, port, log }), topic, state);
  } catch (error) {
    await topic.stop(STOP_GRACE_MS);
    state.close();
    throw error;
  }
}

function running(server: Server, topic: Topic, state: StateFile): EventGrid {
  const shrinking = setInterval(() => state.shrink(), SHRINK_INTERVAL_MS);
  shrinking.unref();
  return {
    endpoint: endpointOf(server),
    addSubscription: (subscription) => topic.subscribe(subscription),
    pending: () => topic.pending(),
    stop: async () => {
      clearInterval(shrinking);
      await Promise.all([close(server, STOP_GRACE_MS), topic.stop(STOP_GRACE_MS)]);
      state.close();
    },
  };
}
