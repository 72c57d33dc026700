import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { fetchSigned } from '../../shared/adapters/memory/signedurls.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { blobsContract } from './blobs.contract.ts';
import { someBytes } from './bytes.ts';
import { steppedClock } from './clock.ts';

blobsContract('memory', () => {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  const { blobs } = connectMemory(world);
  return Promise.resolve({
    blobs,
    fetchSigned: (url) => {
      const bytes = fetchSigned(world.region().blobs, url, clock.now());
      return Promise.resolve(bytes === undefined ? undefined : Uint8Array.from(bytes));
    },
    stop: () => Promise.resolve(),
  });
});

describe('blocks in memory', () => {
  it('vanish a week after the last of them came', async () => {
    const clock = steppedClock();
    const { blobs } = connectMemory(createMemoryWorld({ clock }));
    await blobs.stageBlock('a', '1', someBytes(1));
    clock.advance(6 * 24 * 3600 * 1000);
    await blobs.stageBlock('a', '2', someBytes(1));
    clock.advance(6 * 24 * 3600 * 1000);
    expect(await blobs.listStagedBlocks('a')).toHaveLength(2);
    clock.advance(2 * 24 * 3600 * 1000);
    expect(await blobs.listStagedBlocks('a')).toEqual([]);
    expect(await blobs.commitBlocks('a', ['1', '2'], {})).toBe('missing');
  });

  it('belong to the storage account of their region', async () => {
    const world = createMemoryWorld();
    const [west, east] = ['west', 'east'].map((name) => connectMemory(world, { region: { name } }));
    await west?.blobs.putBlob('a', someBytes(1), {});
    expect(await east?.blobs.statBlob('a')).toBeUndefined();
    expect(await west?.blobs.statBlob('a')).toBeDefined();
  });
});
