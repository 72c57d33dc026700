import { defined } from '../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { ImageViewPorts } from './ports.ts';

/** The manifests that are measured: each of their blobs takes four reads. */
const mostMeasured = 200;

/**
 * Shows what goes, what stays and what is freed if a tag or a manifest is deleted. Throws `RegistryError`
 * (`thing-unknown`), `StoreFailure`.
 */
export async function showDeletion(
  { documents, previewDeletion, measureImages }: ImageViewPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  asker: Asker,
) {
  const [preview, tag] = await Promise.all([
    previewDeletion.previewDeletion(key, reference, asker),
    isDigest(reference) ? undefined : readStored(documents, tagDocumentSchema, tagRef(key, reference)),
  ]);
  const digest = isDigest(reference) ? reference : tag?.document.digest;
  if (preview === undefined || digest === undefined) throw imageUnknown(key.repository, reference);
  const going = preview.manifests.map((each) => each.digest);
  const measured = going.slice(0, mostMeasured);
  const bytes = going.length === 0 ? { freed: 0, shared: 0 } : await measureImages.measureDeletion(key, measured);
  const isBlocked = preview.blockedBy.length > 0;
  return {
    repository: key.repository,
    reference,
    digest,
    goes: {
      tags: [...preview.tags],
      manifests: [...preview.manifests],
      ...defined({ more: preview.more ? true : undefined }),
    },
    stays: [...preview.stays],
    bytes: { ...bytes, ...defined({ isAtLeast: going.length > mostMeasured ? (true as const) : undefined }) },
    ...defined({
      purgedAt: preview.isKept && !isBlocked ? preview.purgedAt : undefined,
      freedAt: bytes.freed > 0 ? preview.freedAt : undefined,
      blockedBy: isBlocked ? [...preview.blockedBy] : undefined,
    }),
  };
}
