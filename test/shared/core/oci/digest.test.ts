import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import {
  algorithmOf,
  digestFromHex,
  digestOf,
  digestOfStream,
  isDigest,
  isDigestAlgorithm,
  parseDigest,
} from '../../../../shared/core/oci/digest.ts';

describe('the digest of a stream', () => {
  it.each(['sha256', 'sha512'] as const)('is that of its bytes, by %s', async (algorithm) => {
    const bytes = new TextEncoder().encode('all of it, in two parts');
    expect(await digestOfStream(ReadableStream.from([bytes.slice(0, 5), bytes.slice(5)]), algorithm)).toBe(
      digestOf(bytes, algorithm),
    );
  });

  it('gives back the memory of each chunk, but not that of a buffer which a chunk is only a part of', async () => {
    const whole = new Uint8Array(1024).fill(1);
    const shared = new Uint8Array(1024).fill(2);
    await digestOfStream(ReadableStream.from([whole, shared.subarray(0, 512)]), 'sha256');
    expect([whole.byteLength, shared.byteLength, shared[0]]).toEqual([0, 1024, 2]);
  });
});

describe('a digest', () => {
  const [sha256, sha512] = [`sha256:${'0a'.repeat(32)}`, `sha512:${'0f'.repeat(64)}`];

  it.each([sha256, sha512])('is %s', (text) => {
    expect([isDigest(text), parseDigest(text)]).toEqual([true, text]);
  });

  it.each([
    '',
    'sha256:',
    sha256.slice(0, -1),
    `${sha256}0`,
    sha256.toUpperCase(),
    `SHA256:${'0a'.repeat(32)}`,
    sha512.slice(0, -1),
    `${sha512}0`,
    `sha512:${'0a'.repeat(32)}`,
    `sha256:${'0f'.repeat(64)}`,
    `x${sha256}`,
    `${sha256}\n`,
    `x${sha512}`,
    `${sha512}\n`,
    `md5:${'0a'.repeat(16)}`,
    sha256.replace('a', 'g'),
    sha512.replace('f', 'g'),
    '0a'.repeat(32),
  ])('is not %j', (text) => {
    expect([isDigest(text), parseDigest(text)]).toEqual([false, undefined]);
  });

  it('names its algorithm', () => {
    expect([sha256, sha512].map((text) => algorithmOf(text as Digest))).toEqual(['sha256', 'sha512']);
    expect(
      ['sha256', 'sha512', 'sha384', 'md5', '', 'toString', 'constructor', 'SHA256'].map(isDigestAlgorithm),
    ).toEqual([true, true, false, false, false, false, false, false]);
  });

  it('of bytes is what everybody computes', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(digestOf(Buffer.from('abc'), 'sha256')).toBe(digestOf(Buffer.from('abc')));
    expect(digestOf(Buffer.from('abc'), 'sha512')).toMatch(/^sha512:ddaf35a193617aba.*a54ca49f$/);
  });

  it('is not made of what is no hex of its algorithm', () => {
    expect(digestFromHex('sha512', '0f'.repeat(64))).toBe(sha512);
    expect(() => digestFromHex('sha256', 'abc')).toThrow(new TypeError('not a sha256 in hex: abc'));
    expect(() => digestFromHex('sha512', '0a'.repeat(32))).toThrow(TypeError);
  });
});
