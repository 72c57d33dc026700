import { composeForTest } from '../shared/app/compose-for-test.ts';
import { digestOf } from '../shared/core/oci/digest.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../test/shared/image.ts';
import type { Figure } from './compare.ts';

/** Counts exactly the store calls of requests for an image of ten layers, in a repository that has one already. */
export async function benchCounts(): Promise<Figure[]> {
  const { app, memory, world } = composeForTest();
  const image = makeImage('counted', 10);
  const counted = async (name: string, work: () => Promise<unknown>): Promise<Figure> => {
    memory.calls.resetCounts();
    await work();
    const calls = Map.groupBy(memory.calls.list, (call) => call);
    return {
      name,
      value: calls.size === 0 ? 'none' : [...calls].map(([call, made]) => `${call} ${made.length}`).join(', '),
    };
  };
  await pushImage(app, 'bench/app', 'v0', makeImage('before', 10));
  const pushed = [
    await counted('start an upload', () => ask(app, 'POST', '/v2/bench/app/blobs/uploads/')),
    await counted('push 10 layers and a config', async () => {
      for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'bench/app', blob);
    }),
    await counted('push the manifest', () => putManifest(app, 'bench/app', 'v1', image)),
  ];
  const stored = storedBytes(world);
  return [
    ...pushed,
    await counted('HEAD of a layer that is there', () =>
      ask(app, 'HEAD', `/v2/bench/app/blobs/${digestOf(image.config)}`),
    ),
    await counted('pull by tag', () => ask(app, 'GET', '/v2/bench/app/manifests/v1')),
    await counted('pull by digest, just pulled', () => ask(app, 'GET', `/v2/bench/app/manifests/${image.digest}`)),
    await counted('pull a blob', () => ask(app, 'GET', `/v2/bench/app/blobs/${digestOf(image.config)}`)),
    await counted('mount a layer from a repository that has it', () =>
      ask(app, 'POST', `/v2/bench/other/blobs/uploads/?mount=${digestOf(image.config)}&from=bench/app`),
    ),
    await counted('push a layer again that is there, its bytes sent', () => pushBlob(app, 'bench/app', image.config)),
    { name: 'bytes stored for what was there already', value: String(storedBytes(world) - stored) },
  ];
}

function storedBytes(world: ReturnType<typeof composeForTest>['world']): number {
  const { blobs } = world.region();
  return blobs.names().reduce((sum, name) => sum + (blobs.get(name)?.size ?? 0), 0);
}
