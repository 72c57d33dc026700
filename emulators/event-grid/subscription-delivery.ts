import { Agent } from 'undici';
import { deliveryUrl } from './delivery-request.ts';
import type { DeliveryContext } from './delivery-step.ts';
import { advance } from './delivery-step.ts';
import type { Subscription } from './subscription.ts';

// Unlimited deliveries to a slow receiver run the process out of file descriptors.
const MAX_CONCURRENT_DELIVERIES = 16;
const ADDRESS_POLL_MS = 100;
// In Azure a publisher has its answer before handlers begin. Here they share a machine, and a push would wait for its
// own event's handlers.
const WAKE_MS = 5;
// A longer timer would overflow setTimeout and fire at once; waking early only means looking again.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Brings one subscription's events to its receiver. The state file is the queue: in memory are only the at most 16
 * events under way, so a backlog of any size costs nothing and a restart has nothing to rebuild.
 */
export class SubscriptionDelivery {
  readonly subscription: Subscription;
  readonly #context: DeliveryContext;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #http = new Agent({ connections: MAX_CONCURRENT_DELIVERIES });
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #woken = false;
  #stopped = false;

  constructor(subscription: Subscription, context: DeliveryContext) {
    this.subscription = subscription;
    this.#context = context;
  }

  /** Deliveries that have not ended: neither delivered nor dead-lettered nor dropped. */
  pending(): number {
    return this.#context.state.count(this.subscription.name);
  }

  /** Looks for due events soon. Cheap to call often. */
  wake(): void {
    if (this.#woken || this.#stopped) return;
    this.#woken = true;
    setTimeout(() => {
      this.#woken = false;
      if (!this.#stopped) this.#startDue();
    }, WAKE_MS);
  }

  /** Starts nothing new, gives what is under way `graceMs` to end, and leaves the rest to the next start. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const abandon = setTimeout(() => this.#abort.abort(), graceMs);
    await Promise.all(this.#underWay.values());
    clearTimeout(abandon);
    await this.#http.destroy();
  }

  #startDue(): void {
    const { state, now, functionsBaseUrl, functionsKey } = this.#context;
    const { name } = this.subscription;
    const at = now();
    const url = deliveryUrl(this.subscription, functionsBaseUrl(), functionsKey);
    // Azure refuses a subscription to a function that is not deployed yet. So while the functions' address is unknown
    // events are held rather than attempted: no attempt is spent, and they arrive as soon as the functions do.
    if (url === undefined) {
      this.#wakeIn(ADDRESS_POLL_MS);
      return;
    }
    // Those under way are among the due ones still, so this many ids hold a new one for every free place.
    for (const event of state.due(name, at, MAX_CONCURRENT_DELIVERIES)) {
      if (this.#underWay.size >= MAX_CONCURRENT_DELIVERIES) return;
      if (!this.#underWay.has(event)) this.#start(event, url);
    }
    const next = state.nextDue(name, at);
    if (next !== undefined) this.#wakeIn(next - at);
  }

  // A rejection is the state file's and is left unhandled on purpose: a topic that cannot remember must not go on.
  #start(event: number, url: string): void {
    const { subscription } = this;
    const delivery = this.#context.state.read(subscription.name, event);
    const due = { subscription, delivery, url, http: this.#http, stop: this.#abort.signal, context: this.#context };
    const work = advance(due).finally(() => {
      this.#underWay.delete(event);
      this.wake();
    });
    this.#underWay.set(event, work);
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.min(ms, LONGEST_TIMER_MS));
  }
}
