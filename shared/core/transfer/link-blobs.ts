import pLimit from 'p-limit';
import type { Digest } from '../oci/digest.ts';

const linksAtOnce = 16;

/** Links blobs, several at once, and gives the first of them that could not be; `undefined` when all were. */
export async function firstNotLinked(
  blobs: readonly Digest[],
  link: (blob: Digest) => Promise<boolean>,
): Promise<Digest | undefined> {
  const limit = pLimit(linksAtOnce);
  const linked = await Promise.all(blobs.map((blob) => limit(() => link(blob))));
  return blobs.find((_, at) => !linked[at]);
}
