import { Agent } from 'undici';
import type { DeliveryContext } from './delivery-step.ts';
import { wants } from './filter.ts';
import { refusalOf } from './handshake.ts';
import type { AcceptedEvent } from './publish-request.ts';
import { timeToLiveMs } from './retry-schedule.ts';
import type { Subscription, SubscriptionInput } from './subscription.ts';
import { subscriptionSchema } from './subscription.ts';
import { SubscriptionDelivery } from './subscription-delivery.ts';

/** The topic behind its endpoint: subscriptions, and the way from an accepted event to each of them. */
export class Topic {
  readonly #context: DeliveryContext;
  readonly #deliveries = new Map<string, SubscriptionDelivery>();

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /**
   * Adds a subscription and resumes what it still had pending. Resolves with whether it is active: a receiver that has
   * to be asked and does not consent gets no events. Throws for a faulty or a repeated one.
   */
  async subscribe(input: SubscriptionInput): Promise<boolean> {
    const subscription = subscriptionSchema.parse(input);
    // Names that differ in case only would share their dead letters' folder; Azure compares them the same way.
    const key = subscription.name.toLowerCase();
    if (!(await this.#consents(subscription))) return false;
    if (this.#deliveries.has(key)) throw new Error(`The topic already has a subscription "${subscription.name}".`);
    const delivery = new SubscriptionDelivery(subscription, this.#context);
    this.#deliveries.set(key, delivery);
    delivery.wake();
    return true;
  }

  /** Makes events durable for everyone who wants them and starts their delivery. An event nobody wants is forgotten. */
  accept(events: readonly AcceptedEvent[]): void {
    const published = this.#context.now();
    const wanted = events
      .map(({ event, json }) => ({
        json,
        takers: [...this.#deliveries.values()].filter(({ subscription }) => wants(subscription, event)),
      }))
      .filter(({ takers }) => takers.length > 0);
    if (wanted.length === 0) return;
    const target = ({ subscription }: SubscriptionDelivery): { subscription: string; expires: number } => ({
      subscription: subscription.name,
      expires: published + timeToLiveMs(subscription, this.#context.timeScale),
    });
    this.#context.state.add(
      wanted.map(({ json, takers }) => ({ json, targets: takers.map(target) })),
      published,
    );
    for (const { takers } of wanted) takers.forEach((taker) => taker.wake());
  }

  names(): string[] {
    return [...this.#deliveries.values()].map(({ subscription }) => subscription.name);
  }

  pending(): number {
    return [...this.#deliveries.values()].reduce((sum, delivery) => sum + delivery.pending(), 0);
  }

  /** Ends all deliveries; those that take longer than `graceMs` stay pending for the next start. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.stop(graceMs)));
  }

  async #consents({ name, destination }: Subscription): Promise<boolean> {
    if (destination.type !== 'WebHook' || !destination.validate) return true;
    const http = new Agent();
    const refusal = await refusalOf(destination.url, http);
    await http.destroy();
    if (refusal !== undefined) {
      this.#context.log(
        `The subscription "${name}" gets no events: ${destination.url} has not consented to them: ${refusal}.`,
      );
    }
    return refusal === undefined;
  }
}
