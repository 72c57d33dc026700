import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { WebhookReceivers } from '../test/clients/webhook-receivers.ts';
import { latency, percentile, startWebhookReceivers, whenLogged } from '../test/clients/webhook-receivers.ts';
import { remoteApp } from '../test/conformance/registry.ts';
import { startRunningStack } from '../test/local/stack/running-stack.ts';
import { makeImage, pushImage, putManifest } from '../test/shared/image.ts';
import { webhookCounts } from './webhook-counts.ts';

const hooks = 100;
const settleMs = 150;
const [pushes, burst, atOnce] = [60, 60, 4];
const [told, untold] = ['bench/told', 'bench/untold'];

interface Figure {
  readonly name: string;
  readonly value: string;
}

/**
 * Measures the calls of an event, exactly; then on the whole local stack the cost of webhooks for a push, and the speed
 * of deliveries.
 */
export async function benchWebhooks(): Promise<Figure[]> {
  const counts = await webhookCounts();
  const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
  const [receivers, stack] = await Promise.all([startWebhookReceivers(hooks), startRunningStack(folder)]);
  try {
    for (const [index, serviceUri] of receivers.urls.entries())
      await makeHook(stack.url, nameOf(index), { serviceUri, actions: ['push'], scope: `${told}:*` });
    return [...counts, ...(await measured(stack.url, receivers))];
  } finally {
    await stack.stop();
    await receivers.stop();
    await rm(folder, { recursive: true, maxRetries: 20, retryDelay: 250 });
  }
}

const nameOf = (receiver: number) => `bench${receiver}`;

async function makeHook(url: string, name: string, hook: object): Promise<void> {
  const made = await fetch(`${url}/api/v1/webhooks/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(hook),
  });
  if (made.status !== 201) throw new Error(`PUT ${name}: ${made.status} ${await made.text()}`);
}

async function measured(url: string, receivers: WebhookReceivers): Promise<Figure[]> {
  const app = remoteApp(url);
  const image = makeImage('webhooks', 1);
  for (const repository of [told, untold]) await pushImage(app, repository, 'first', image);
  const push = async (repository: string) => {
    const { status } = await putManifest(app, repository, `tag-${randomUUID()}`, image);
    if (status !== 201) throw new Error(`PUT manifest ${status}`);
  };
  const timed = async (repository: string) => {
    // The work that the push before began (counters, policies) has ended then.
    await setTimeout(settleMs);
    const started = performance.now();
    await push(repository);
    return performance.now() - started;
  };
  const [withHooks, without]: [number[], number[]] = [[], []];
  await receivers.whenArrived(hooks);
  await whenLogged(url, receivers.arrived, nameOf);
  for (let n = 0; n < pushes; n += 1) {
    // The turns alternate, and never run while deliveries are under way: only the push's own share is measured.
    without.push(await timed(untold));
    withHooks.push(await timed(told));
    await receivers.whenArrived(hooks * (n + 2));
    await whenLogged(url, receivers.arrived, nameOf);
  }
  const latencies = receivers.arrived.slice(hooks).map(latency);
  const rate = await deliveriesPerSecond(() => push(told), receivers);
  const [p50, bare] = [percentile(withHooks, 0.5), percentile(without, 0.5)];
  return [
    { name: `push of a manifest, ${hooks} hooks`, value: `p50 ${p50.toFixed(1)} ms` },
    { name: 'push of a manifest, no hook', value: `p50 ${bare.toFixed(1)} ms` },
    { name: `${hooks} hooks / none`, value: (p50 / bare).toFixed(2) },
    {
      name: `event to receiver, ${hooks} hooks an event`,
      value: `p50 ${percentile(latencies, 0.5).toFixed(0)} ms, p99 ${percentile(latencies, 0.99).toFixed(0)} ms`,
    },
    { name: 'deliveries, four events at once', value: `${Math.round(rate)}/s` },
  ];
}

async function deliveriesPerSecond(push: () => Promise<void>, receivers: WebhookReceivers): Promise<number> {
  const before = receivers.arrived.length;
  const started = performance.now();
  for (let n = 0; n < burst; n += atOnce) await Promise.all(Array.from({ length: atOnce }, push));
  await receivers.whenArrived(before + burst * hooks, 300_000);
  return (burst * hooks * 1_000) / (performance.now() - started);
}
