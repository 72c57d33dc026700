import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventGrid } from '../emulators/event-grid/start.ts';
import { startEventGrid } from '../emulators/event-grid/start.ts';

const SUBSCRIBERS = 4;
const BATCHES = 40;
const EVENTS_PER_BATCH = 100;
const SINGLE_EVENTS = 400;
const KEYS = ['YmVuY2htYXJr', 'YmVuY2htYXJrIHR3bw=='] as const;

interface Subscriber {
  readonly server: Server;
  readonly url: string;
}

/** Measures the local Event Grid topic in this process: its subscribers share its CPU. */
export async function benchEventGrid(): Promise<{ name: string; value: string }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-eventgrid-'));
  const arrivals = new Arrivals();
  const subscribers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => startSubscriber(arrivals)));
  const subscriptions = subscribers.map(({ url }, index) => ({
    name: `subscriber-${index}`,
    destination: { type: 'WebHook' as const, url },
  }));
  const topic = await startEventGrid({ statePath: join(folder, 'topic.sqlite'), keys: KEYS, subscriptions });
  try {
    await fanOut(topic, arrivals);
    const rate = await fanOut(topic, arrivals);
    const latencies = await latenciesMs(topic, arrivals);
    return [
      { name: `Event Grid: events/s fanned out to ${SUBSCRIBERS} subscribers`, value: rate.toFixed(0) },
      { name: 'Event Grid: publish to first delivery, p50', value: `${quantile(latencies, 0.5).toFixed(1)} ms` },
      { name: 'Event Grid: publish to first delivery, p99', value: `${quantile(latencies, 0.99).toFixed(1)} ms` },
    ];
  } finally {
    await topic.stop();
    for (const { server } of subscribers) server.closeAllConnections();
    await Promise.all(subscribers.map(({ server }) => new Promise((resolve) => server.close(resolve))));
    await rm(folder, { recursive: true });
  }
}

/** Counts deliveries, and resolves when a number of them has arrived. */
class Arrivals {
  #count = 0;
  #waiting: { readonly until: number; readonly resolve: () => void } | undefined;

  add(): void {
    this.#count += 1;
    if (this.#waiting !== undefined && this.#count >= this.#waiting.until) this.#waiting.resolve();
  }

  next(count: number): Promise<void> {
    const until = this.#count + count;
    return new Promise((resolve) => (this.#waiting = { until, resolve }));
  }
}

async function startSubscriber(arrivals: Arrivals): Promise<Subscriber> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      arrivals.add();
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/**
 * Publishes batches as fast as they are accepted; returns the events per second until the last subscriber has the last
 * one.
 */
async function fanOut(topic: EventGrid, arrivals: Arrivals): Promise<number> {
  const all = arrivals.next(BATCHES * EVENTS_PER_BATCH * SUBSCRIBERS);
  const started = performance.now();
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await publish(topic, Array.from({ length: EVENTS_PER_BATCH }, imagePushed));
  }
  await all;
  return (BATCHES * EVENTS_PER_BATCH) / ((performance.now() - started) / 1_000);
}

/** Returns the latencies of single events, from before the publish request until the first subscriber has the event. */
async function latenciesMs(topic: EventGrid, arrivals: Arrivals): Promise<number[]> {
  const latencies: number[] = [];
  for (let index = 0; index < SINGLE_EVENTS; index += 1) {
    const first = arrivals.next(1);
    const started = performance.now();
    const published = publish(topic, [imagePushed()]);
    await first;
    latencies.push(performance.now() - started);
    await published;
    while (topic.pending() > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return latencies;
}

async function publish(topic: EventGrid, events: readonly object[]): Promise<void> {
  const response = await fetch(topic.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json', 'aeg-sas-key': KEYS[0] },
    body: JSON.stringify(events),
  });
  if (response.status !== 200) throw new Error(`Publishing answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

function imagePushed(): object {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/registries/bench',
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    subject: 'team/app:v1',
    data: {
      action: 'push',
      target: { repository: 'team/app', tag: 'v1', digest: `sha256:${'0'.repeat(64)}`, size: 524 },
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
