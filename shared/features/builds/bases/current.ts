import {
  childrenOf,
  manifestDocumentSchema,
  manifestRef,
  tagDocumentSchema,
  tagRef,
} from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { BuildPorts } from '../ports.ts';
import type { BaseFound } from './documents.ts';
import { baseDigestsIn } from './find-bases.ts';
import type { BaseReference } from './names.ts';
import { ownRepository } from './names.ts';

type Found = Pick<BaseFound, 'found' | 'digest'>;

/**
 * Says of each image that is built on a base whether the base's tag points at what it was built on: at that very
 * manifest, or at an index that lists it, since a builder names the image of its own platform. It is `undefined` for
 * bases of other registries, and where no digest is known. Throws `StoreFailure`.
 */
export async function areCurrent(
  { documents }: Pick<BuildPorts, 'documents'>,
  registry: RegistryName,
  { base, tag }: BaseReference,
  built: readonly Found[],
): Promise<(boolean | undefined)[]> {
  const known = built.map(baseDigestsIn);
  const repository = ownRepository(registry, base);
  if (repository === undefined || tag === undefined || known.every((digests) => digests.length === 0))
    return known.map(() => undefined);
  const key = { registry, repository };
  const now = (await readStored(documents, tagDocumentSchema, tagRef(key, tag)))?.document.digest;
  const current = new Set(now === undefined ? [] : [now]);
  const isKnown = (digests: (typeof known)[number]) => digests.some((digest) => current.has(digest));
  if (now !== undefined && !known.every((digests) => digests.length === 0 || isKnown(digests))) {
    const manifest = await readStored(documents, manifestDocumentSchema, manifestRef(key, now));
    for (const child of manifest === undefined ? [] : childrenOf(manifest.document)) current.add(child);
  }
  return known.map((digests) => (digests.length === 0 ? undefined : isKnown(digests)));
}
