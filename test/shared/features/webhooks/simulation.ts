import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { usualChance } from '../../../../shared/adapters/memory/chance.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { Crash } from '../../../../shared/adapters/memory/crash.ts';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { withoutEmptyPages } from '../../../../shared/core/documents/pages.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { DocumentQuery, JsonDocument } from '../../../../shared/core/ports/documents.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import type { NoAnswer, OutboundRequest, ReceiverAnswer } from '../../../../shared/core/ports/post.ts';
import type { CloudEvent } from '../../../../shared/core/ports/topic.ts';
import { sealingKeys } from '../../../../shared/core/secrets/sealing-keys.ts';
import { deliver } from '../../../../shared/features/webhooks/deliver.ts';
import { dispatch } from '../../../../shared/features/webhooks/dispatch.ts';
import type { Delivery, Webhook } from '../../../../shared/features/webhooks/documents.ts';
import { changeHook, readHook, writeHook } from '../../../../shared/features/webhooks/hooks.ts';
import { dispatchLimits, HostLimits, retryLimits } from '../../../../shared/features/webhooks/host-limits.ts';
import { deliveriesQueue } from '../../../../shared/features/webhooks/messages.ts';
import type { PipelinePorts } from '../../../../shared/features/webhooks/ports.ts';
import { sealSecret } from '../../../../shared/features/webhooks/secrets.ts';
import { sweepWebhooks } from '../../../../shared/features/webhooks/sweep.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { withoutLostAnswers } from '../../../draws.ts';

export const registry = 'default' as RegistryName;
const sealing = sealingKeys(undefined, { key: Buffer.alloc(32, 'a key for tests alone') });
export const [second, minute, hour] = [1_000, 60_000, 3_600_000];

export type Answer = ReceiverAnswer | NoAnswer;

export function answered(status: number, headers: Record<string, string> = {}): Answer {
  return { is: 'answered', status, reason: '', headers, body: '', truncated: false, ms: 1 };
}

export interface Got {
  readonly host: string;
  readonly id: string;
  readonly at: number;
  readonly body: string;
}

export interface Instance {
  readonly ports: PipelinePorts;
  readonly calls: CallPlan;
}

/**
 * Everything around the pipeline, on a clock that goes as fast as there is work: receivers, a queue, Event Grid, a
 * timer.
 */
export class Simulation {
  readonly clock = steppedClock();
  readonly world: MemoryWorld = createMemoryWorld({ clock: this.clock });
  readonly got: Got[] = [];
  /** The receivers' answers, by host; a host without one answers 200. */
  readonly receivers = new Map<string, (request: OutboundRequest, now: number) => Answer | Promise<Answer>>();
  poisoned = 0;
  /** The number of times that Event Grid and the queue hand over the same message; `shuffle` says in which order. */
  copies = 1;
  shuffle: <T>(list: T[]) => T[] = (list) => list;
  /**
   * Says whether the stores lose answers of commits by chance: an attempt is made again then, which tests of exact
   * attempts do not expect.
   */
  losesAnswers = false;
  /** The plan for each new instance, in turn: the crashes and faults that are still to come. */
  readonly plans: CallPlan[] = [];
  #instance: Instance | undefined;
  #published = 0;
  #undelivered: { readonly event: CloudEvent; at: number }[] = [];
  #ids = 0;

  get now(): number {
    return this.clock.now().getTime();
  }

  get instance(): Instance {
    this.#instance ??= this.connect(this.plans.shift());
    return this.#instance;
  }

  get ports(): PipelinePorts {
    return this.instance.ports;
  }

  connect(calls = new CallPlan()): Instance {
    const {
      documents: plain,
      queues,
      topic,
    } = connectMemory(this.world, { calls, chance: this.losesAnswers ? usualChance() : withoutLostAnswers() });
    // As the one object graph has them (assemble.ts).
    const documents = withoutEmptyPages(plain);
    const receivers = {
      post: async (request: OutboundRequest) =>
        calls.make('receiver.post', request.url.href, () => this.#receive(request)).then((answer) => answer),
    };
    const hosts = { first: new HostLimits(dispatchLimits), later: new HostLimits(retryLimits) };
    const ids = { nextId: () => `id-${(this.#ids += 1)}` };
    return {
      calls,
      ports: {
        documents,
        queues,
        topic,
        receivers,
        clock: this.clock,
        ids,
        log: silentLog,
        registry,
        eventSource: '/longshore',
        sealing,
        hosts,
        unheard: new Set(),
      },
    };
  }

  #receive(request: OutboundRequest): Answer | Promise<Answer> {
    const { host } = request.url;
    this.got.push({ host, id: request.headers['webhook-id'] ?? '', at: this.now, body: request.body });
    return this.receivers.get(host)?.(request, this.now) ?? answered(200);
  }

  /** A hook of every push to every repository, whose receiver is `https://NAME.example`. */
  async hook(name: string, own: Partial<Webhook> = {}): Promise<Webhook> {
    const { documents } = connectMemory(this.world);
    const at = this.clock.now().toISOString();
    const identity = { registry, name, uid: `uid-${(this.#ids += 1)}` };
    const secret = await sealSecret({ sealing }, identity, { id: 's', bytes: Buffer.alloc(32, name), createdAt: at });
    const hook: Webhook = {
      ...identity,
      serviceUri: `https://${name}.example/`,
      actions: ['push'],
      scope: '',
      excludes: [],
      status: 'enabled',
      format: 'cloudevents',
      secrets: [secret],
      createdAt: at,
      updatedAt: at,
      ...own,
    };
    await writeHook(documents, registry, name, () => hook);
    return hook;
  }

  change(name: string, next: (hook: Webhook) => Webhook): Promise<Webhook | undefined> {
    return changeHook(connectMemory(this.world).documents, { registry, name }, next);
  }

  readHook(name: string): Promise<Webhook | undefined> {
    return readHook(connectMemory(this.world).documents, registry, name);
  }

  /** Publishes an event, as a push does. */
  push(id: string): CloudEvent {
    const event = pushEvent(id, this.clock.now());
    this.#undelivered.push(...Array.from({ length: this.copies }, () => ({ event, at: this.now })));
    return event;
  }

  /** In one process: when it dies, the next one finds what it left. */
  async alive<T>(work: (ports: PipelinePorts) => Promise<T>): Promise<T | undefined> {
    const { ports } = this.instance;
    try {
      return await work(ports);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      if (this.#instance?.ports === ports) this.#instance = undefined;
      return undefined;
    }
  }

  /** All that is due now: events, messages, the sweep. */
  async turn(): Promise<void> {
    this.#takePublished();
    const events = this.#undelivered.filter(({ at }) => at <= this.now);
    const messages = this.world.region().queues.receive(deliveriesQueue, 32, 30);
    const work = this.shuffle([
      ...events.map((event) => () => this.#deliverEvent(event)),
      ...messages.flatMap((message) => Array.from({ length: this.copies }, () => () => this.#deliverMessage(message))),
    ]);
    await Promise.all(work.map((each) => each()));
  }

  #takePublished(): void {
    const { log } = this.world.region().events;
    for (const event of log.slice(this.#published)) this.#undelivered.push({ event, at: this.now });
    this.#published = log.length;
  }

  /** Event Grid comes again after ten seconds when it got no answer. */
  async #deliverEvent(due: { readonly event: CloudEvent; at: number }): Promise<void> {
    due.at = this.now + 10 * second;
    const done = await this.alive(async (ports) => dispatch(ports, due.event).then(() => true)).catch(() => undefined);
    if (done === true) this.#undelivered = this.#undelivered.filter((each) => each !== due);
  }

  async #deliverMessage({
    id,
    receipt,
    message,
    dequeueCount,
  }: {
    readonly id: string;
    readonly receipt: string;
    readonly message: unknown;
    readonly dequeueCount: number;
  }): Promise<void> {
    const { queues } = this.world.region();
    const done = await this.alive(async (ports) => deliver(ports, message).then(() => true)).catch(() => undefined);
    if (done !== true && dequeueCount < 5) return;
    if (done !== true) this.poisoned += 1;
    queues.delete(deliveriesQueue, id, receipt);
  }

  /**
   * Until nothing is due before `until`, in milliseconds since 1970. The timer runs every half minute, and less often
   * while it finds nothing.
   */
  async run(until: number): Promise<void> {
    let sweepAt = this.now;
    let idle = 0;
    for (;;) {
      this.#takePublished();
      const next = Math.min(
        sweepAt,
        this.world.region().queues.nextVisibleAt(deliveriesQueue) ?? Infinity,
        ...this.#undelivered.map(({ at }) => at),
      );
      if (next > until) break;
      this.clock.advance(Math.max(0, next - this.now));
      await this.turn();
      if (sweepAt > this.now) continue;
      const swept = await this.alive(sweepWebhooks).catch(() => ({ resent: 1 }));
      idle = swept === undefined || Object.values(swept).some((count) => count > 0) ? 0 : idle + 1;
      sweepAt = this.now + (idle < 6 ? 30 * second : 20 * minute);
    }
    this.clock.advance(Math.max(0, until - this.now));
  }

  runFor(ms: number): Promise<void> {
    return this.run(this.now + ms);
  }

  async documents(query: Omit<DocumentQuery, 'limit'>): Promise<JsonDocument[]> {
    const page = await connectMemory(this.world).documents.queryDocuments({ ...query, limit: 100_000 });
    return page.documents.map(({ document }) => document);
  }

  /** The log of a hook, the oldest event first; of all without a name. */
  async deliveries(name?: string): Promise<Delivery[]> {
    const where = name === undefined ? [] : [{ path: 'name', is: '=', value: name } as const];
    return (await this.documents({
      container: 'deliveries',
      where: [{ path: 'type', is: '=', value: 'delivery' }, ...where],
      orderBy: { path: 'createdAt', direction: 'asc' },
    })) as unknown as Delivery[];
  }

  gotBy(name: string): Got[] {
    return this.got.filter(({ host }) => host === `${name}.example`);
  }

  /** Messages under way, hidden ones too. */
  queued(): number {
    return this.world.region().queues.length(deliveriesQueue);
  }
}

export function pushEvent(id: string, at: Date): CloudEvent {
  const time = at.toISOString();
  const digest = `sha256:${'2'.repeat(64)}`;
  const data = {
    id,
    timestamp: time,
    action: 'push',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: 5,
      digest,
      length: 5,
      repository: 'team/app',
      tag: 'v1',
    },
    request: { id, host: 'registry.example', method: 'PUT', useragent: 'test' },
    actor: { name: 'anonymous' },
  };
  return {
    specversion: '1.0',
    id,
    source: '/longshore',
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    subject: 'team/app:v1',
    time,
    datacontenttype: 'application/json',
    data,
  };
}
