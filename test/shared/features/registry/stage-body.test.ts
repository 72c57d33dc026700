import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { blockBytes, maxBlobBytes, stageBody } from '../../../../shared/features/registry/stage-body.ts';

const name = 'blobs/large';

/** Blocks, one after the other, until nobody wants more. */
function endless() {
  const sent = { bytes: 0 };
  async function* bodies(): AsyncGenerator<Uint8Array> {
    for (const block = Buffer.alloc(blockBytes); ; sent.bytes += block.length) yield Promise.resolve(block);
  }
  return { body: bodies(), sent };
}

describe('a body whose length nobody has announced', () => {
  it('is let go of at the block that is one too many for a blob, and the client is told how much would do', async () => {
    const { memory, world } = composeForTest();
    const { body, sent } = endless();
    const staging = stageBody(
      memory.blobs,
      { name, prefix: 'prefix01', offset: maxBlobBytes - 2 * blockBytes },
      body,
      undefined,
    );
    await expect(staging).rejects.toMatchObject({ fault: { is: 'too-large', what: 'blob', limit: 262_144_000_000 } });
    expect(sent.bytes).toBe(2 * blockBytes);
    expect(world.region().blobs.staged(name).size).toBe(2);
  });

  it('may fill a blob to its last byte', async () => {
    const { memory } = composeForTest();
    async function* last(): AsyncGenerator<Uint8Array> {
      yield Promise.resolve(Buffer.alloc(3));
    }
    await expect(
      stageBody(memory.blobs, { name, prefix: 'prefix01', offset: maxBlobBytes - 3 }, last(), undefined),
    ).resolves.toEqual({ bytes: 3, blocks: 1 });
  });
});
