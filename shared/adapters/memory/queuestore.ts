import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/ports/clock.ts';

/** A message as a Storage Queue delivers it: deleting it needs the receipt of the last time it was received. */
export interface ReceivedMessage {
  readonly id: string;
  readonly receipt: string;
  readonly message: unknown;
  readonly dequeueCount: number;
  readonly insertedAt: Date;
}

interface StoredMessage {
  readonly id: string;
  readonly text: string;
  readonly insertedAt: number;
  visibleAt: number;
  dequeueCount: number;
  receipt: string;
}

/** The queues of one storage account, and the consumer's side of them. A queue exists as soon as somebody names it. */
export class QueueStore {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Map<string, StoredMessage>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Queues a message; `text` is as it lies in the queue: base64. */
  put(queue: string, text: string, delaySeconds: number): void {
    const now = this.#now();
    const message = {
      id: randomUUID(),
      text,
      insertedAt: now,
      visibleAt: now + delaySeconds * 1000,
      dequeueCount: 0,
      receipt: '',
    };
    this.#messages(queue).set(message.id, message);
  }

  /** Receives at most `max` visible messages, oldest first; they are hidden from others for `visibilitySeconds`. */
  receive(queue: string, max = 32, visibilitySeconds = 30): ReceivedMessage[] {
    const now = this.#now();
    const visible = [...this.#messages(queue).values()].filter((message) => message.visibleAt <= now).slice(0, max);
    return visible.map((message) => {
      message.visibleAt = now + visibilitySeconds * 1000;
      message.dequeueCount += 1;
      message.receipt = randomUUID();
      return received(message);
    });
  }

  /** Deletes a message; `false` when it is gone, or was received again since. */
  delete(queue: string, id: string, receipt: string): boolean {
    const messages = this.#messages(queue);
    return messages.get(id)?.receipt === receipt && messages.delete(id);
  }

  /** Receives and deletes all visible messages, and returns their content alone. */
  drain(queue: string): unknown[] {
    return this.receive(queue, Infinity).map(({ id, receipt, message }) => {
      this.delete(queue, id, receipt);
      return message;
    });
  }

  /** Returns when the next message can be received, in milliseconds since 1970; `undefined` when there is none. */
  nextVisibleAt(queue: string): number | undefined {
    const times = [...this.#messages(queue).values()].map(({ visibleAt }) => visibleAt);
    return times.length === 0 ? undefined : times.reduce((earliest, each) => Math.min(earliest, each));
  }

  /** Counts all messages, hidden ones too. */
  length(queue: string): number {
    return this.#messages(queue).size;
  }

  names(): string[] {
    return [...this.#queues.keys()];
  }

  #messages(queue: string): Map<string, StoredMessage> {
    const messages = this.#queues.get(queue) ?? new Map<string, StoredMessage>();
    this.#queues.set(queue, messages);
    return messages;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

function received({ id, receipt, text, dequeueCount, insertedAt }: StoredMessage): ReceivedMessage {
  const message: unknown = JSON.parse(Buffer.from(text, 'base64').toString());
  return { id, receipt, message, dequeueCount, insertedAt: new Date(insertedAt) };
}
