import { describe, expect, it } from 'vitest';
import { digestOf, digestOfStream } from '../../../shared/oci/digest.ts';

describe('the digest of a stream', () => {
  it.each(['sha256', 'sha512'] as const)('is that of its bytes, by %s', async (algorithm) => {
    const bytes = new TextEncoder().encode('all of it, in two parts');
    expect(await digestOfStream(ReadableStream.from([bytes.slice(0, 5), bytes.slice(5)]), algorithm)).toBe(digestOf(bytes, algorithm));
  });

  it('gives back the memory of each chunk, but not that of a buffer which a chunk is only a part of', async () => {
    const whole = new Uint8Array(1024).fill(1);
    const shared = new Uint8Array(1024).fill(2);
    await digestOfStream(ReadableStream.from([whole, shared.subarray(0, 512)]), 'sha256');
    expect([whole.byteLength, shared.byteLength, shared[0]]).toEqual([0, 1024, 2]);
  });
});
