import { createHash } from 'node:crypto';

declare const digestBrand: unique symbol;

/**
 * A digest is `sha256:` or `sha512:` and lower-case hex of the right length (image-spec, descriptor.md, "Digests").
 * Only `parseDigest` and `digestOf` make one.
 */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const patterns: Readonly<Record<DigestAlgorithm, RegExp>> = {
  sha256: /^sha256:[a-f0-9]{64}$/,
  sha512: /^sha512:[a-f0-9]{128}$/,
};

/** Parses a digest; `undefined` when the text is no digest of a supported algorithm. */
export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

export function isDigest(text: string): text is Digest {
  return patterns.sha256.test(text) || patterns.sha512.test(text);
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(patterns, text);
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFromHex(algorithm, createHash(algorithm).update(bytes).digest('hex'));
}

/** Makes a digest of a hash that was computed elsewhere. Throws `TypeError` when the hex is not that algorithm's. */
export function digestFromHex(algorithm: DigestAlgorithm, hex: string): Digest {
  const digest = parseDigest(`${algorithm}:${hex}`);
  if (digest === undefined) throw new TypeError(`not a ${algorithm} in hex: ${hex}`);
  return digest;
}

/**
 * Hashes all that a stream gives. The stream's chunks are gone then: this function owns them. Throws what the stream
 * throws.
 */
export async function digestOfStream(stream: ReadableStream<Uint8Array>, algorithm: DigestAlgorithm): Promise<Digest> {
  const hash = createHash(algorithm);
  for await (const chunk of stream) {
    hash.update(chunk);
    freeChunk(chunk);
  }
  return digestFromHex(algorithm, hash.digest('hex'));
}

/**
 * Frees a chunk's memory at once. The garbage collector sees only that a chunk's object is small: of a stream of
 * gigabytes it would leave tens of MiB lying. It still frees parts of larger buffers, and everything before Node 22,
 * which has no `transfer`.
 */
function freeChunk({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && 'transfer' in buffer) buffer.transfer(0);
}
