import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { steppedClock } from '../contracts/clock.ts';
import { composeRegion } from '../shared/core/regions/composed.ts';
import { ask, makeImage, pushBlob, putManifest } from '../shared/image.ts';

const repository = 'team/app';
/** Longer than reads wait for the write region before they look near. */
const slowMs = 1_800;

function farRegion() {
  const world = createMemoryWorld({ clock: steppedClock() });
  return composeRegion(world, 'north', { lagMs: 10_000 });
}

describe('a region whose write region is slow or down', () => {
  it('waits for it to say whether a blob is there that was pushed a moment ago, and takes the manifest', async () => {
    const north = farRegion();
    const image = makeImage('slow', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(north.app, repository, blob);
    const isSlow = ({ name, input }: Call) => name === 'documents.read' && JSON.stringify(input).includes('link:');
    north.memory.calls.delay((call) => (isSlow(call) ? slowMs : 0));
    const pushed = await putManifest(north.app, repository, 'v1', image);
    expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, image.digest]);
  });

  it('says of what it does not have itself that it cannot know, and not that it is not there', async () => {
    const north = farRegion();
    const image = makeImage('down', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(north.app, repository, blob);
    await putManifest(north.app, repository, 'v1', image);
    north.memory.calls.failOn((call) => call.name.startsWith('documents.'));
    for (const path of [`manifests/${makeImage('other').digest}`, `blobs/${makeImage('other').digest}`]) {
      const answer = await ask(north.app, 'GET', `/v2/${repository}/${path}`);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '1']);
    }
    north.memory.calls.clearFaults();
    await expect
      .poll(async () => (await ask(north.app, 'GET', `/v2/${repository}/blobs/${makeImage('other').digest}`)).status, {
        timeout: 5_000,
      })
      .toBe(404);
  });
});
