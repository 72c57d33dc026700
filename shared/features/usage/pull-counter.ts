import { defined } from '../../core/documents/defined.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Log } from '../../core/ports/log.ts';
import type { CountPull, Pull, TellPulls } from '../../core/ports/pulls.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import type { CountedRow, PullBatch } from './batch.ts';
import { minuteOf, packed, partsOf, pullsQueue } from './batch.ts';
import type { ClientClass, ClientClasses } from './client-class.ts';
import { noCounts } from './counts.ts';

export interface CounterPorts {
  readonly queues: SendMessage;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly metrics: TellPulls;
}

/** A pull is counted in memory alone for so many milliseconds: a crash loses that. */
const flushAfter = 5_000;
/** The different images, tags and clients in one flush: more are sent earlier. */
const maxTallies = 5_000;
/** The batches that wait while the queue does not answer, about ten MiB. */
const maxUnsent = 256;

interface Tally {
  readonly pull: Pull;
  readonly client: ClientClass;
  manifest: number;
  head: number;
  blob: number;
  lastAt: number;
}

const minuteMs = 60_000;

/**
 * Counts pulls in memory and sends the counts as batches, each with an id of its own. A batch that could not be sent,
 * or whose sending was not confirmed, is sent again as it is: the id makes it count once.
 */
export class PullCounter implements CountPull {
  readonly #ports: CounterPorts;
  readonly #settings: { readonly region: string; readonly clients: ClientClasses };
  readonly #unsent: PullBatch[] = [];
  #tallies = new Map<string, Tally>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #instance: string | undefined;
  #batches = 0;
  #gap = false;

  constructor(ports: CounterPorts, settings: { readonly region: string; readonly clients: ClientClasses }) {
    this.#ports = ports;
    this.#settings = settings;
  }

  countPull(pull: Pull): void {
    const now = this.#ports.clock.now().getTime();
    const client = this.#settings.clients.of(pull.actor, pull.userAgent);
    const place =
      `${pull.key.registry}/${pull.key.repository}:${pull.tag ?? ''}@${pull.digest ?? ''} ${client} ` +
      `${Math.floor(now / minuteMs)}`;
    let tally = this.#tallies.get(place);
    if (tally === undefined) {
      tally = { pull, client, manifest: 0, head: 0, blob: 0, lastAt: now };
      this.#tallies.set(place, tally);
      if (this.#tallies.size >= maxTallies) this.#flushUnwatched();
    }
    tally[pull.what] += 1;
    tally.lastAt = now;
    this.#timer ??= setTimeout(() => this.#flushUnwatched(), flushAfter).unref();
  }

  /** Sends all counts until now. Those that the queue does not accept are kept and sent with the next flush. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pack();
    // Flushes run one after the other: two at once would send the same batch.
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  #flushUnwatched(): void {
    void this.flush();
  }

  #pack(): void {
    const tallies = this.#tallies;
    this.#tallies = new Map();
    for (const tally of tallies.values()) {
      for (const what of ['manifest', 'head', 'blob'] as const)
        if (tally[what] > 0) this.#ports.metrics.tellPulls(what, tally.client, tally[what]);
    }
    for (const parts of packed(partsOf([...tallies.values()].map(counted)))) {
      this.#instance ??= this.#ports.ids.nextId();
      this.#unsent.push({
        schemaVersion: 1,
        id: `${this.#instance}:${this.#batches++}`,
        region: this.#settings.region,
        gap: this.#gap,
        parts,
      });
      this.#gap = false;
    }
    this.#dropOldest();
  }

  #dropOldest(): void {
    const dropped = this.#unsent.splice(0, Math.max(0, this.#unsent.length - maxUnsent));
    if (dropped.length === 0) return;
    this.#gap = true;
    for (const _ of dropped) this.#ports.metrics.tellFlush('dropped');
    this.#ports.log.error(
      { batches: dropped.length },
      'the queue has not accepted counted pulls for a long time: the oldest are lost, and tracking of ' +
        'last pulls begins anew',
    );
  }

  /** Sends batches. It never rejects: pulls are counted beside what clients asked for. */
  async #send(): Promise<void> {
    try {
      for (let [batch] = this.#unsent; batch !== undefined; [batch] = this.#unsent) {
        await this.#ports.queues.sendMessage(pullsQueue, batch);
        this.#ports.metrics.tellFlush('sent');
        // The oldest may have been dropped while it was sent.
        if (this.#unsent[0] === batch) this.#unsent.shift();
      }
    } catch (error) {
      this.#ports.metrics.tellFlush('failed');
      this.#ports.log.warn(
        { err: error, batches: this.#unsent.length },
        error instanceof StoreFailure ? 'counted pulls wait for the queue' : 'counted pulls could not be sent',
      );
      this.#timer ??= setTimeout(() => this.#flushUnwatched(), flushAfter).unref();
    }
  }
}

function counted({ pull, client, manifest, head, blob, lastAt }: Tally) {
  const at = new Date(lastAt);
  const named = {
    ...defined({ digest: pull.digest, tag: pull.tag }),
  };
  const row: CountedRow = {
    client,
    ...named,
    ...noCounts,
    pulls: manifest,
    heads: head,
    blobPulls: blob,
    lastAt: at.toISOString(),
  };
  return { part: { ...pull.key, minute: minuteOf(at) }, row };
}
