import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseEvent } from '../../shared/events/envelope.ts';
import { remoteApp } from '../conformance/registry.ts';
import { conformance } from '../conformance/workflows.ts';
import { pullOver, pushOver } from '../local/stack/client.ts';
import { startReceiver } from '../local/stack/receiver.ts';
import { makeImage } from '../shared/image.ts';
import { startPackageOverServices } from './running-package.ts';
import type { PackageProcess } from './running-package.ts';

let running: PackageProcess;
let subscriber: Awaited<ReturnType<typeof startReceiver>>;
let hooked: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  [subscriber, hooked] = await Promise.all([startReceiver(), startReceiver()]);
  running = await startPackageOverServices(subscriber.url);
});

afterAll(async () => {
  await running.stop();
  await Promise.all([subscriber.stop(), hooked.stop()]);
});

// Not the sources: what is deployed, with the names of Azure's settings.
conformance('the built package under the Functions host', () => Promise.resolve({ app: remoteApp(running.url), stop: () => Promise.resolve() }));

describe('the built package', () => {
  it('answers soon after its start', () => {
    // The goal is one second on an idle machine, and bench prints it; a busy one only ever adds to it.
    expect(running.firstAnswerMs).toBeLessThan(10_000);
  });

  it('tells subscribers and webhooks of a push, and counts it', async () => {
    const image = makeImage('pushed to the package', 2);
    const made = await fetch(`${running.url}/api/v1/webhooks/receiver`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ serviceUri: hooked.url, actions: ['push'], scope: 'package/*' }) });
    expect(made.status, await made.clone().text()).toBeLessThan(300);
    expect(await pushOver(running.url, 'package/app', 'v1', image)).toBe(201);
    expect(await pullOver(running.url, 'package/app', 'v1', image)).toBe('whole');
    await vi.waitFor(async () => {
      const events = subscriber.deliveries.map(({ body }) => parseEvent(JSON.parse(body)));
      expect(events.filter(({ type, subject }) => type === 'Microsoft.ContainerRegistry.ImagePushed' && subject === 'package/app:v1')).toHaveLength(1);
      expect(hooked.deliveries.filter(({ body }) => body.includes(image.digest))).toHaveLength(1);
      expect(await (await fetch(`${running.url}/api/v1/usage?repository=package/app`)).json()).toMatchObject({ pushes: 1, images: 1, pulls: 1 });
    }, { timeout: 20_000, interval: 100 });
  });
});
