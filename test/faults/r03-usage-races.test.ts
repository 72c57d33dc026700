import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/compose-for-test.ts';
import { settleImage } from '../../shared/usage/settle-image.ts';
import type { Digest } from '../../shared/oci/digest.ts';
import type { RepositoryKey } from '../../shared/state/names.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const key = { registry: 'default', repository: 'team/app' } as unknown as RepositoryKey;

describe('two deliveries of one deletion at the same time', () => {
  it('are no fault, at whichever read the other has just uncounted the image', async () => {
    for (let at = 1; at <= 8; at += 1) {
      const world = createMemoryWorld();
      const [first, second] = [composeForTest({ world }), composeForTest({ world })];
      const image = makeImage(`raced ${at}`, 2);
      await pushImage(first.app, 'team/app', 'v1', image);
      const digest = image.digest as Digest;
      await settleImage(first.memory.documents, key, digest);
      await ask(first.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
      second.memory.calls.resetCounts();
      let done = false;
      // Before this read the other one does all of its work.
      second.memory.calls.delay(async ({ n }) => {
        if (n !== at || done) return;
        done = true;
        await settleImage(first.memory.documents, key, digest);
      });
      await expect(settleImage(second.memory.documents, key, digest)).resolves.toBeUndefined();
      expect(await first.memory.documents.countDocuments({ container: 'usage', partition: ['default', 'team/app'], where: [{ path: 'type', is: 'in', values: ['usage-image', 'usage-blob'] }] })).toBe(0);
    }
  });
});
