import { randomUUID } from 'node:crypto';
import type { TestImage } from '../test/shared/image.ts';

/** Makes another manifest of the same blobs. */
export function anotherOf({ bytes, mediaType }: TestImage): Pick<TestImage, 'bytes' | 'mediaType'> {
  const manifest = JSON.parse(Buffer.from(bytes).toString('utf8')) as object;
  return { bytes: Buffer.from(JSON.stringify({ ...manifest, annotations: { build: randomUUID() } })), mediaType };
}
