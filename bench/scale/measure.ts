import subscriptions from '../../infra/event-subscriptions.json' with { type: 'json' };
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { steppedClock } from '../../test/contracts/clock.ts';
import { ask, makeImage, pushImage } from '../../test/shared/image.ts';
import type { Charged } from './metered.ts';
import { meteredDocuments } from './metered.ts';

/** The use of the services by one operation, with all the work that its events begin. */
export interface Demand {
  readonly name: string;
  readonly reads: number;
  readonly writes: number;
  readonly queries: number;
  readonly units: number;
  /** The request units of the partition that all repositories share. */
  readonly registryUnits: number;
  /** The request units of the repository's own partition, in the container where they are most. */
  readonly repositoryUnits: number;
  readonly blobCalls: number;
  readonly events: number;
  /** The deliveries to subscriptions whose filter accepts the event. */
  readonly deliveries: number;
  readonly messages: number;
}

export const layersOfImage = 10;

const [registry, repository] = ['default', 'team/app'];

/** Measures each operation over memory: the counts are exact, the units are by the emulator's model. */
export async function measure(): Promise<{
  pushNew: Demand;
  pushOneLayer: Demand;
  retag: Demand;
  pull: Demand;
  catalogEntryBytes: number;
}> {
  const bench = new Bench();
  await bench.demand('warm', () => pushImage(bench.app, repository, 'v0', image('before')));
  const pushNew = await bench.demand(`push an image of ${layersOfImage} new layers`, () =>
    pushImage(bench.app, repository, 'v1', image('new')),
  );
  const pushOneLayer = await bench.demand('push an image of which one layer is new', () =>
    pushKnown(bench, 'new', 'v2'),
  );
  const retag = await bench.demand('move a tag to an image that is there', () =>
    ask(bench.app, 'PUT', `/v2/${repository}/manifests/v1`, {
      body: bench.known.bytes,
      headers: { 'content-type': bench.known.mediaType },
    }),
  );
  const pull = await bench.demand('pull an image by its tag, by a fresh instance', () => bench.pull(image('new')));
  return { pushNew, pushOneLayer, retag, pull, catalogEntryBytes: await bench.catalogEntryBytes() };
}

const image = (seed: string) => makeImage(seed, layersOfImage);

/** Pushes as a client that first asks which blobs exist. */
async function pushKnown(bench: Bench, of: string, tag: string): Promise<void> {
  const base = image(of);
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', seed: tag }));
  const layers = [...base.layers.slice(1), Buffer.from('the layer that is new')];
  for (const layer of layers) await ask(bench.app, 'HEAD', `/v2/${repository}/blobs/${digestOf(layer)}`);
  const manifest = {
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(layer),
      size: layer.length,
    })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  bench.known = { ...base, bytes, config, layers };
  await pushImage(bench.app, repository, tag, { ...bench.known, layers: layers.slice(-1) });
}

class Bench {
  readonly #world = createMemoryWorld({ clock: steppedClock() });
  readonly #calls = new CallPlan();
  readonly #charged: Charged[] = [];
  readonly #longshore = this.#compose();
  #delivered = 0;
  known = image('new');

  get app() {
    return this.#longshore.app;
  }

  #compose(): TestLongshore {
    const connection = { calls: this.#calls };
    const { documents } = connectMemory(this.#world, connection);
    return composeForTest({
      world: this.#world,
      connection,
      adapters: { documents: meteredDocuments(documents, (charged) => void this.#charged.push(charged)) },
    });
  }

  async demand(name: string, work: () => Promise<unknown>): Promise<Demand> {
    this.#charged.length = 0;
    this.#calls.resetCounts();
    const before = this.#world.region('home').events.log.length;
    await work();
    const blobCalls = this.#calls.list.filter((call) => call.startsWith('blobs.')).length;
    const { deliveries, messages } = await this.#settle();
    const events = this.#world.region('home').events.log.length - before;
    const of = (is: Charged['is']) => this.#charged.filter((each) => each.is === is).length;
    return {
      name,
      reads: of('read'),
      writes: of('write'),
      queries: of('query'),
      units: sum(this.#charged),
      registryUnits: sum(this.#charged.filter((each) => each.container === 'registries')),
      repositoryUnits: this.#inRepository(),
      blobCalls,
      events,
      deliveries,
      messages,
    };
  }

  #inRepository(): number {
    const own = this.#charged.filter(({ partition }) => partition === `${registry}/${repository}`);
    return Math.max(0, ...[...Map.groupBy(own, ({ container }) => container).values()].map(sum));
  }

  /** Delivers published events to their subscriptions, then queued messages, until no work is left. */
  async #settle(): Promise<{ deliveries: number; messages: number }> {
    const { events, queues } = this.#world.region('home');
    const handlers = handlersOf(this.#longshore);
    let [deliveries, messages] = [0, 0];
    while (this.#delivered < events.log.length) {
      const event = events.log[this.#delivered];
      this.#delivered += 1;
      for (const { destination, filter } of subscriptions.subscriptions) {
        if (filter !== undefined && !filter.includedEventTypes.includes(event?.type ?? '')) continue;
        deliveries += 1;
        await handlers[destination.function]?.(event);
      }
    }
    await this.#longshore.flush();
    for (const queue of ['usage-pulls', 'webhook-deliveries', 'replication-copies', 'build-runs'] as const) {
      for (const message of queues.drain(queue)) {
        messages += 1;
        if (queue === 'usage-pulls') await this.#longshore.messages['usage-fold'](message);
      }
    }
    return { deliveries, messages };
  }

  /**
   * Pulls the manifest by tag, then each blob, as a client without any of them does. Pulls are counted in memory, and
   * folded many at a time, so that is no part of one.
   */
  async pull(of: ReturnType<typeof makeImage>): Promise<void> {
    const { app } = this.#compose();
    await ask(app, 'GET', `/v2/${repository}/manifests/v2`);
    for (const blob of [of.config, ...of.layers]) await ask(app, 'GET', `/v2/${repository}/blobs/${digestOf(blob)}`);
  }

  async catalogEntryBytes(): Promise<number> {
    const { documents } = connectMemory(this.#world, {});
    const found = await documents.readDocument({
      container: 'registries',
      partition: [registry],
      id: `repository:${repository.replaceAll('/', ':')}`,
    });
    return Buffer.byteLength(JSON.stringify(found?.document ?? {}));
  }
}

function handlersOf(longshore: TestLongshore): Readonly<Record<string, (event: unknown) => Promise<void>>> {
  return {
    'webhooks-dispatch': (event) => longshore.events['webhooks-dispatch'](event),
    'usage-record': (event) => longshore.events['usage-record'](event),
    'purge-touched': (event) => longshore.events['purge-touched'](event),
    'replication-plan': (event) => longshore.events['replication-plan'](event),
    'builds-learn': (event) => longshore.events['builds-learn'](event),
    'builds-plan': (event) => longshore.events['builds-plan'](event),
  };
}

const sum = (charged: readonly Charged[]) => charged.reduce((all, { units }) => all + units, 0);
